// Text as a terminal shows it. Names come over the network and from file systems: no control character of
// theirs reaches a terminal, and columns are counted as the terminal counts them.
#pragma once

#include <ostream>
#include <streambuf>
#include <string>
#include <string_view>
#include <vector>

#include "base/characters/printable.h"

namespace hilum::cli {

using hilum::json_without_controls, hilum::printable;

// The columns that `text` takes: 2 for wide East Asian characters and pictures, 0 for combining marks.
std::size_t width_of(std::string_view text);

// At most `columns` (1 or more) wide; what is cut off is told by an ellipsis.
std::string shortened(const std::string& text, std::size_t columns);

// The same for paths, of which the end tells more: what is cut off is the beginning.
std::string end_of(const std::string& text, std::size_t columns);

// Lines of at most `columns`, broken between words where that is possible.
std::vector<std::string> wrapped(const std::string& text, std::size_t columns);

// Passes text on to another stream, with '?' for what could steer a terminal; newlines and tabs pass.
class PrintableStream : public std::ostream {
  public:
    explicit PrintableStream(std::ostream& to) : std::ostream(&buffer_), buffer_(to) {}
    ~PrintableStream() override { buffer_.finish(); }

  private:
    class Buffer : public std::streambuf {
      public:
        explicit Buffer(std::ostream& to) : to_(to) {}
        void finish();  // what is left of a character that was cut off

      protected:
        std::streamsize xsputn(const char* text, std::streamsize size) override;
        int_type overflow(int_type c) override;
        int sync() override;

      private:
        void pass_on();
        std::ostream& to_;
        std::string pending_;
    };
    Buffer buffer_;
};

}  // namespace hilum::cli
