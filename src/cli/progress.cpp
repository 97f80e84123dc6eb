#include "cli/progress.h"

#include <fmt/format.h>

#include "cli/terminal_text.h"

namespace hilum::cli {
namespace {

constexpr std::chrono::milliseconds between(100);
constexpr const char* start_of_line = "\r\x1b[K";  // and erase what stands there (ECMA-48: EL)

}  // namespace

void Progress::say(const std::string& what) {
    draw(what + " ...");
}

void Progress::count(const std::string& what, std::size_t done, std::size_t all) {
    const auto now = std::chrono::steady_clock::now();
    if (drawn_ && now - last_ < between) return;
    last_ = now;
    draw(fmt::format("{}: {} of {}", what, done, all));
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
