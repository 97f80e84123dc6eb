// What a C-STORE is answered, and why.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/error.h"

namespace hilum::scp {

// PS3.4 table B.2-1 leaves the last digits of A7xx and Cxxx to us; docs/conformance-statement.md lists them.
// An SCU should send again what was refused with A7xx, later; the others are refused for good.
enum class DimseStatus : std::uint16_t {
    success = 0x0000,
    sop_class_not_supported = 0x0122,  // PS3.7 annex C: the command's class is not the presentation context's
    out_of_resources = 0xA700,
    dataset_does_not_match = 0xA900,  // UIDs differ from the command's or are missing
    malformed = 0xC000,               // the C0xx: cannot understand
    truncated = 0xC001,
    nested_too_deeply = 0xC002,
    too_large = 0xC003,  // more than scp.max_object_size, which sending again does not change
};

// For an error of the receive path, by its code. What is not the object's fault is out_of_resources.
DimseStatus status_for(const Error& error);

// For ErrorComment (0000,0902), VR LO: at most 64 characters. Tells nothing about a patient.
std::string_view error_comment(DimseStatus status);

}  // namespace hilum::scp
