// Who sits before a program that is called from the command line.
#pragma once

#include <cstddef>
#include <iosfwd>

namespace hilum::cli {

// Nobody, where a program calls it.
struct Terminal {
    std::istream* answers = nullptr;   // where questions are answered
    std::ostream* progress = nullptr;  // where a line may be drawn again and again; unfiltered
    std::size_t columns = 80;
};

// That of this process: its standard streams, where they are a terminal. $COLUMNS says how wide it is, else
// the terminal does.
Terminal terminal_of_process();

}  // namespace hilum::cli
