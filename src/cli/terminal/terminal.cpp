#include "cli/terminal/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <iostream>
#include <string_view>

namespace hilum::cli {
namespace {

// $COLUMNS, else the terminal's width, else 80; lines narrower than 40 would hold nothing.
std::size_t columns_of_process() {
    constexpr std::size_t usual = 80, least = 40, most = 1000;
    std::size_t width = 0;
    if (const char* text = std::getenv("COLUMNS")) {
        const std::string_view number = text;
        std::from_chars(number.data(), number.data() + number.size(), width);
    }
    winsize size{};
    if (width == 0 && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) width = size.ws_col;
    return width == 0 ? usual : std::clamp(width, least, most);
}

}  // namespace

Terminal terminal_of_process() {
    Terminal terminal{.columns = columns_of_process()};
    if (::isatty(STDIN_FILENO) && ::isatty(STDERR_FILENO)) terminal.answers = &std::cin;
    if (::isatty(STDERR_FILENO)) terminal.progress = &std::cerr;
    return terminal;
}

}  // namespace hilum::cli
