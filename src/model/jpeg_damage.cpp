#include "model/jpeg_damage.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/oflog/oflog.h>
#include <dcmtk/oflog/spi/logevent.h>

#include <array>
#include <atomic>
#include <string_view>

namespace hilum::model {
namespace {

std::atomic<bool> damaged{false};

bool tells_of_damage(std::string_view warning) {
    constexpr std::array<std::string_view, 3> damages{"premature end of", "bad Huffman code",
                                                      "instead of RST"};
    for (const auto damage : damages)
        if (warning.find(damage) != std::string_view::npos) return true;
    return false;
}

class DamageListener final : public dcmtk::log4cplus::Appender {
  public:
    ~DamageListener() override { destructorImpl(); }
    void close() override { closed = true; }

  protected:
    void append(const dcmtk::log4cplus::spi::InternalLoggingEvent& event) override {
        const auto& message = event.getMessage();
        if (tells_of_damage({message.c_str(), message.length()})) damaged = true;
    }
};

}  // namespace

void watch_jpeg_decoder() {
    OFLogger logger = OFLog::getLogger("dcmtk.dcmjpeg");
    logger.setLogLevel(OFLogger::WARN_LOG_LEVEL);
    logger.setAdditivity(false);
    logger.removeAllAppenders();
    logger.addAppender(dcmtk::log4cplus::SharedAppenderPtr(new DamageListener));
}

bool take_jpeg_damage() {
    return damaged.exchange(false);
}

}  // namespace hilum::model
