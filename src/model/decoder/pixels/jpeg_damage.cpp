#include "model/decoder/pixels/jpeg_damage.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/oflog/oflog.h>
#include <dcmtk/oflog/spi/logevent.h>

#include <string_view>
#include <utility>

namespace hilum::model {
namespace {

JpegDamage damage;  // a decoder has one thread

class DamageListener final : public dcmtk::log4cplus::Appender {
  public:
    ~DamageListener() override { destructorImpl(); }
    void close() override { closed = true; }

  protected:
    void append(const dcmtk::log4cplus::spi::InternalLoggingEvent& event) override {
        const auto& message = event.getMessage();
        const std::string_view warning(message.c_str(), message.length());
        const auto tells_of = [warning](std::string_view words) {
            return warning.find(words) != std::string_view::npos;
        };
        damage.missing |= tells_of("premature end of") || tells_of("instead of RST");
        damage.bad_code |= tells_of("bad Huffman code");
        damage.surplus |= tells_of("extraneous bytes");
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

JpegDamage take_jpeg_damage() {
    return std::exchange(damage, {});
}

}  // namespace hilum::model
