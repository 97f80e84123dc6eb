#include "scp/part10_header.h"

#include <cstdint>

#include "base/uid.h"

namespace hilum::scp {
namespace {

void append_16(std::string& bytes, std::uint16_t value) {
    bytes += static_cast<char>(value & 0xFF);
    bytes += static_cast<char>(value >> 8);
}

void append_32(std::string& bytes, std::uint32_t value) {
    append_16(bytes, static_cast<std::uint16_t>(value & 0xFFFF));
    append_16(bytes, static_cast<std::uint16_t>(value >> 16));
}

// An element of group 0002 with a length of 16 bits.
void append_element(std::string& bytes, std::uint16_t element, const char* vr, std::string_view value,
                    char padding) {
    append_16(bytes, 0x0002);
    append_16(bytes, element);
    bytes += vr;
    append_16(bytes, static_cast<std::uint16_t>(value.size() + value.size() % 2));
    bytes += value;
    if (value.size() % 2 != 0) bytes += padding;
}

std::string group_length(std::size_t length) {
    std::string value, element;
    append_32(value, static_cast<std::uint32_t>(length));
    append_element(element, 0x0000, "UL", value, '\0');
    return element;
}

}  // namespace

std::string part10_header(std::string_view sop_class_uid, std::string_view sop_instance_uid,
                          std::string_view transfer_syntax_uid, std::string_view source_ae_title) {
    std::string group;
    append_16(group, 0x0002);  // FileMetaInformationVersion
    append_16(group, 0x0001);
    group += std::string_view("OB\0\0\2\0\0\0\0\1", 10);
    append_element(group, 0x0002, "UI", sop_class_uid, '\0');
    append_element(group, 0x0003, "UI", sop_instance_uid, '\0');
    append_element(group, 0x0010, "UI", transfer_syntax_uid, '\0');
    append_element(group, 0x0012, "UI", implementation_class_uid, '\0');
    append_element(group, 0x0013, "SH", implementation_version_name, ' ');
    append_element(group, 0x0016, "AE", source_ae_title, ' ');
    return std::string(128, '\0') + "DICM" + group_length(group.size()) + group;
}

}  // namespace hilum::scp
