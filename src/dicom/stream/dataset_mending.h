// How a data set has to be read whose structure is not as PS3.5 has it, but whose values are all there. Found
// by scan_header(), carried out by what opens the file for a parser: the file itself stays as it came.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "contract/image_note.h"

namespace hilum {

// Bytes in place of those of the file from `begin` to `end`.
struct Splice {
    std::uint64_t begin = 0, end = 0;
    std::string bytes;
    bool operator==(const Splice&) const = default;
};

struct DatasetMends {
    std::vector<Splice> splices;     // in the file's order, none of them overlapping
    bool native_pixel_data = false;  // although the transfer syntax is one of compressed pixels
    ImageNotes notes;
};

// Collects the mends in the order of the data set. Positions are the file's.
class DatasetMending {
  public:
    explicit DatasetMending(bool big_endian) : big_endian_{big_endian} {}

    void ignore_trailing_bytes(std::uint64_t begin, std::uint64_t end);
    void leave_out_file_meta_information(std::uint64_t begin, std::uint64_t end);
    void insert_delimiter(std::uint64_t position);
    void replace_delimiter(std::uint64_t begin);                    // 8 bytes
    void set_length(std::uint64_t position, std::uint32_t length);  // of 32 bits
    void read_as_native(std::string_view transfer_syntax_uid);
    void read_to_the_end(std::uint64_t length_position, std::uint64_t begin, std::uint64_t end);

    // Forgets splices from there on.
    void drop_from(std::uint64_t position) {
        std::erase_if(mends_.splices, [position](const Splice& splice) { return splice.begin >= position; });
    }

    // Whether there are more than any honest data set needs.
    bool too_many() const { return mends_.splices.size() > most_splices; }
    DatasetMends take() { return std::move(mends_); }

  private:
    static constexpr std::size_t most_splices = 64;

    std::string delimiter() const;
    std::string number(std::uint32_t value) const;

    bool big_endian_;
    DatasetMends mends_;
};

}  // namespace hilum
