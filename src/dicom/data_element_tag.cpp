#include "dicom/data_element_tag.h"

#include <dcmtk/config/osconfig.h>

#include <dcmtk/dcmdata/dctag.h>
#include <dcmtk/dcmdata/dcvr.h>

namespace hilum {
namespace {

DcmEVR vr_in_dictionary(Tag tag) {
    return DcmTag(group_of(tag), static_cast<Uint16>(tag & 0xFFFF)).getEVR();
}

}  // namespace

Tag first_tag(const std::string& bytes, bool big_endian) {
    const auto byte = [&](std::size_t i) { return static_cast<Tag>(static_cast<unsigned char>(bytes[i])); };
    return big_endian ? byte(0) << 24 | byte(1) << 16 | byte(2) << 8 | byte(3)
                      : byte(1) << 24 | byte(0) << 16 | byte(3) << 8 | byte(2);
}

bool is_sequence_in_dictionary(Tag tag) {
    return vr_in_dictionary(tag) == EVR_SQ;
}

bool is_in_dictionary(Tag tag) {
    const DcmEVR known = vr_in_dictionary(tag);
    return known != EVR_UN && known != EVR_UNKNOWN;
}

bool is_standard_vr(const std::string& name) {
    return DcmVR(name.c_str()).isStandard();
}

bool has_long_length(std::uint16_t value_representation) {
    const char name[] = {static_cast<char>(value_representation >> 8),
                         static_cast<char>(value_representation & 0xFF), '\0'};
    return DcmVR(name).usesExtendedLengthEncoding();
}

}  // namespace hilum
