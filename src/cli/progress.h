// How far a long verb is: one line on the terminal, drawn again and again, and gone when it ends.
#pragma once

#include <chrono>
#include <ostream>
#include <string>

#include "cli/command_line.h"

namespace hilum::cli {

// Draws nothing where nobody sits at a terminal.
class Progress {
  public:
    explicit Progress(const Context& context) : terminal_(context.terminal) {}
    ~Progress() { clear(); }
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    void say(const std::string& what);  // "loading the model", drawn at once
    void count(const std::string& what, std::size_t done,
               std::size_t all);  // "sending: 3 of 40"; at most 10 a second
    void clear();                 // before something else is written

  private:
    void draw(const std::string& text);

    const Terminal& terminal_;
    bool drawn_ = false;
    std::chrono::steady_clock::time_point last_{};
};

}  // namespace hilum::cli
