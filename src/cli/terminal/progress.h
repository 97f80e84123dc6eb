// How far a long verb is: one line on the terminal, drawn again and again, and gone when it ends.
#pragma once

#include <chrono>
#include <ostream>
#include <string>

#include "cli/terminal/terminal.h"

namespace hilum::cli {

// What to write behind "3 of 40" after so many seconds: ", 90 s left", ", 3 min left", ", 2 h 5 min left";
// nothing while it would be a guess (the first 3 s), and at the end.
std::string time_left(std::size_t done, std::size_t all, double seconds);

// Draws nothing where nobody sits at a terminal. `terminal` must outlive it.
class Progress {
  public:
    explicit Progress(const Terminal& terminal) : terminal_(terminal) {}
    ~Progress() { clear(); }
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    void say(const std::string& what);  // "loading the model", drawn at once
    // "sending: 3 of 40, 12 s left"; at most 10 a second. Time counts from the first call with this `what`.
    void count(const std::string& what, std::size_t done, std::size_t all);
    void clear();  // before something else is written

  private:
    void draw(const std::string& text);

    const Terminal& terminal_;
    bool drawn_ = false;
    std::chrono::steady_clock::time_point last_{}, begin_{};
    std::string counted_;           // what is being counted since begin_
    std::size_t already_done_ = 0;  // then
};

}  // namespace hilum::cli
