// Tags of data elements as numbers, and what DCMTK's dictionary says of them, for what reads data sets
// without its parser.
#pragma once

#include <cstdint>
#include <string>

namespace hilum {

using Tag = std::uint32_t;  // group and element

constexpr std::uint16_t group_of(Tag tag) {
    return static_cast<std::uint16_t>(tag >> 16);
}

// Of a command or of file meta information.
constexpr bool is_no_data_element(Tag tag) {
    return group_of(tag) < 0x0008 && group_of(tag) % 2 == 0;
}

inline constexpr Tag item_tag = 0xFFFEE000, item_delimitation = 0xFFFEE00D,
                     sequence_delimitation = 0xFFFEE0DD;
inline constexpr Tag specific_character_set = 0x00080005, patient_name = 0x00100010, pixel_data = 0x7FE00010;

// The tag that these bytes begin with; there are at least four.
Tag first_tag(const std::string& bytes, bool big_endian);

bool is_in_dictionary(Tag tag);

// Implicit VR does not say what is a sequence; parsers ask the dictionary, so must who goes before them.
bool is_sequence_in_dictionary(Tag tag);

bool is_standard_vr(const std::string& name);

// Whether a length of 32 bits follows a VR (PS3.5 7.1.2), its letters in one number, in the opinion of the
// parser that comes after: it knows names of its own ("ox") and takes what is no VR at all for one with 16
// bits.
bool has_long_length(std::uint16_t value_representation);

}  // namespace hilum
