#include "dicom/stream/dataset_mending.h"

#include <fmt/format.h>

namespace hilum {
namespace {

constexpr std::uint64_t delimiter_bytes = 8;

}  // namespace

std::string DatasetMending::number(std::uint32_t value) const {
    std::string bytes;
    for (int i = 0; i < 4; ++i) bytes += static_cast<char>(value >> 8 * (big_endian_ ? 3 - i : i));
    return bytes;
}

std::string DatasetMending::delimiter() const {
    return (big_endian_ ? "\xFF\xFE\xE0\xDD" : "\xFE\xFF\xDD\xE0") + number(0);
}

void DatasetMending::ignore_trailing_bytes(std::uint64_t begin, std::uint64_t end) {
    mends_.splices.push_back({begin, end, {}});
    add_note(
        mends_.notes, "trailing_bytes",
        fmt::format("The data set has {} bytes behind its last element, which were ignored.", end - begin));
}

void DatasetMending::leave_out_file_meta_information(std::uint64_t begin, std::uint64_t end) {
    mends_.splices.push_back({begin, end, {}});
    add_note(mends_.notes, "file_meta_information",
             "The data set holds elements of group 0002, which belong before it and were ignored.");
}

void DatasetMending::insert_delimiter(std::uint64_t position) {
    mends_.splices.push_back({position, position, delimiter()});
    add_note(mends_.notes, "delimiter",
             "The pixel data's fragments lack the sequence delimiter behind them.");
}

void DatasetMending::replace_delimiter(std::uint64_t begin) {
    mends_.splices.push_back({begin, begin + delimiter_bytes, delimiter()});
    add_note(mends_.notes, "delimiter", "A sequence delimiter is damaged and was taken for one.");
}

void DatasetMending::set_length(std::uint64_t position, std::uint32_t length) {
    mends_.splices.push_back({position, position + 4, number(length)});
}

void DatasetMending::read_as_native(std::string_view transfer_syntax_uid) {
    mends_.native_pixel_data = true;
    add_note(mends_.notes, "transfer_syntax",
             fmt::format("The pixel data is not compressed as the transfer syntax ({}) says; it was read as "
                         "it is.",
                         transfer_syntax_uid));
}

void DatasetMending::read_to_the_end(std::uint64_t length_position, std::uint64_t begin, std::uint64_t end) {
    set_length(length_position, static_cast<std::uint32_t>(end - begin));
    add_note(mends_.notes, "pixel_data_length",
             "The pixel data does not say how long it is; it was read to the end of the data set.");
}

}  // namespace hilum
