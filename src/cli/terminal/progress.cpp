#include "cli/terminal/progress.h"

#include <fmt/format.h>

#include "cli/terminal/terminal_text.h"

namespace hilum::cli {
namespace {

constexpr std::chrono::milliseconds between(100);
constexpr const char* start_of_line = "\r\x1b[K";  // and erase what stands there (ECMA-48: EL)

}  // namespace

std::string time_left(std::size_t done, std::size_t all, double seconds) {
    if (done == 0 || done >= all || seconds < 3) return {};
    const double left = seconds / static_cast<double>(done) * static_cast<double>(all - done);
    if (left < 90) return fmt::format(", {:.0f} s left", left);
    const auto minutes = static_cast<long>(left / 60 + 0.5);
    if (minutes < 90) return fmt::format(", {} min left", minutes);
    return fmt::format(", {} h {} min left", minutes / 60, minutes % 60);
}

void Progress::say(const std::string& what) {
    draw(what + " ...");
}

void Progress::count(const std::string& what, std::size_t done, std::size_t all) {
    const auto now = std::chrono::steady_clock::now();
    if (counted_ != what || done < already_done_) {
        counted_ = what;
        already_done_ = done;
        begin_ = now;
    }
    if (drawn_ && now - last_ < between) return;
    last_ = now;
    const std::chrono::duration<double> spent = now - begin_;
    draw(fmt::format("{}: {} of {}{}", what, done, all,
                     time_left(done - already_done_, all - already_done_, spent.count())));
}

void Progress::clear() {
    if (drawn_) *terminal_.progress << start_of_line << std::flush;
    drawn_ = false;
}

void Progress::draw(const std::string& text) {
    if (terminal_.progress == nullptr) return;
    *terminal_.progress << start_of_line << shortened(printable(text), terminal_.columns - 1) << std::flush;
    drawn_ = true;
}

}  // namespace hilum::cli
