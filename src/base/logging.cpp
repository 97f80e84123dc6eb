#include "base/logging.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <memory>

namespace hilum {
namespace {

// sd-daemon(3): "<N>" before a line tells journald its priority.
class JournalPriority : public spdlog::custom_flag_formatter {
  public:
    void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& out) override {
        const char* prefix = "<6>";
        if (message.level >= spdlog::level::critical)
            prefix = "<2>";
        else if (message.level >= spdlog::level::err)
            prefix = "<3>";
        else if (message.level >= spdlog::level::warn)
            prefix = "<4>";
        else if (message.level <= spdlog::level::debug)
            prefix = "<7>";
        out.append(prefix, prefix + 3);
    }
    std::unique_ptr<custom_flag_formatter> clone() const override {
        return std::make_unique<JournalPriority>();
    }
};

}  // namespace

void start_logging(const std::string& role, const std::string& level) {
    auto logger =
        std::make_shared<spdlog::logger>("hilum", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    auto formatter = std::make_unique<spdlog::pattern_formatter>();
    if (std::getenv("JOURNAL_STREAM") != nullptr)
        formatter->add_flag<JournalPriority>('*').set_pattern("%*[" + role + "] %v");
    else
        formatter->set_pattern("%Y-%m-%d %H:%M:%S.%e %l [" + role + " %P] %v");
    logger->set_formatter(std::move(formatter));
    logger->set_level(spdlog::level::from_str(level));
    logger->flush_on(spdlog::level::trace);
    spdlog::set_default_logger(logger);
}

std::string loggable(const std::string& text) {
    std::string safe = text.substr(0, 200);
    for (char& c : safe)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
    return safe;
}

}  // namespace hilum
