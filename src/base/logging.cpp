#include "base/logging.h"

#include <fmt/format.h>
#include <poll.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>

#include "base/characters/printable.h"
#include "base/characters/utf8.h"

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

// Standard error, without waiting for who reads it: a reader that stops must not hold up what is logged
// about, an association least of all. What it has no room for is lost, and told once there is room again.
class UnwaitingStderr : public spdlog::sinks::base_sink<std::mutex> {
  protected:
    void sink_it_(const spdlog::details::log_msg& message) override {
        // Whatever a message holds, it is one line, and steers no terminal that shows the journal.
        const auto safe = printable({message.payload.data(), message.payload.size()});
        auto shown = message;
        shown.payload = safe;
        spdlog::memory_buf_t line;
        formatter_->format(shown, line);
        if (!has_room()) {
            ++lost_;
            return;
        }
        if (lost_ > 0) {
            const auto lost = std::exchange(lost_, 0);
            write(fmt::format("{} lines of the log were lost, since nobody read it\n", lost));
        }
        write({line.data(), line.size()});
    }
    void flush_() override {}

  private:
    // After a line was lost nobody waits for the next ones.
    bool has_room() const {
        pollfd fd{STDERR_FILENO, POLLOUT, 0};
        int ready;
        do {
            ready = ::poll(&fd, 1, lost_ > 0 ? 0 : static_cast<int>(patience.count()));
        } while (ready < 0 && errno == EINTR);
        return ready != 0;
    }
    static void write(std::string_view text) {
        while (!text.empty()) {
            const auto written = ::write(STDERR_FILENO, text.data(), text.size());
            if (written < 0 && errno == EINTR) continue;
            if (written <= 0) return;  // there is no other place to tell it
            text.remove_prefix(static_cast<std::size_t>(written));
        }
    }

    static constexpr std::chrono::milliseconds patience{50};
    std::uint64_t lost_ = 0;  // lines
};

}  // namespace

void start_logging(const std::string& role, const std::string& level) {
    auto logger = std::make_shared<spdlog::logger>("hilum", std::make_shared<UnwaitingStderr>());
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
    constexpr std::size_t longest = 200;  // bytes
    std::string safe;
    bool full = false;
    for_each_character(std::string_view(text).substr(0, longest + 4), [&](const Utf8Character& character) {
        full = full || safe.size() + character.bytes.size() > longest;
        if (!full) safe += printable(character.bytes);
    });
    return safe;
}

}  // namespace hilum
