// What a request is answered, and why.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/error.h"

namespace hilum::scp {

// PS3.7 annex C, and PS3.4 table B.2-1, which leaves the last digits of A7xx and Cxxx to us;
// docs/conformance-statement.md lists them. An SCU should send again what was refused with A7xx, later; the
// others are refused for good.
enum class DimseStatus : std::uint16_t {
    success = 0x0000,
    processing_failure = 0x0110,       // another operation than C-STORE: its command set is malformed
    invalid_sop_instance = 0x0117,     // the command's SOP Instance UID is none
    sop_class_not_supported = 0x0122,  // in this presentation context
    unrecognized_operation = 0x0211,   // none of ours
    out_of_resources = 0xA700,
    dataset_does_not_match = 0xA900,  // UIDs differ from the command's, are missing or invalid
    malformed = 0xC000,               // the C0xx: cannot understand
    truncated = 0xC001,
    nested_too_deeply = 0xC002,
    too_large = 0xC003,  // more than scp.max_object_size, which sending again does not change
    malformed_command = 0xC004,
    odd_pdv = 0xC005,
    no_data_set = 0xC006,
};

// How a C-STORE is answered that failed.
struct FailedStore {
    std::string_view code;  // of the error on the receive path; the last row is for any other
    DimseStatus status;
    std::string_view error_comment;  // (0000,0902), VR LO: at most 64 characters; nothing about a patient
};

// All of them, by status.
std::span<const FailedStore> failed_stores();

// What is not the object's fault is out_of_resources.
const FailedStore& answer_for(const Error& error);

}  // namespace hilum::scp
