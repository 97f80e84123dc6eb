// DIMSE command sets (PS3.7 6.3.1 and annex E): group 0000 in Implicit VR Little Endian. Ours, since DCMTK
// gives up the association where a command lacks an element or has a UID that is too long.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace hilum::scp {

inline constexpr std::size_t largest_command_set = 64 * 1024;  // bytes; usual ones have about 150

// CommandField (0000,0100)
inline constexpr std::uint16_t c_store_rq = 0x0001, c_echo_rq = 0x0030, n_event_report_rq = 0x0100,
                               c_cancel_rq = 0x0FFF, response_bit = 0x8000;

struct CommandSet {
    std::optional<std::uint16_t> command_field, message_id, priority, command_data_set_type, event_type_id;
    std::string affected_sop_class_uid, affected_sop_instance_uid;  // without padding; any length
    std::string problem;  // empty: whole and well-formed; else what it lacks, in words

    // Command Data Set Type (PS3.7 E.1): 0101H is none, whatever else is one.
    bool announces_data_set() const { return command_data_set_type && *command_data_set_type != 0x0101; }
};

// Never fails: what can be read is there, `problem` says what is wrong with the rest. Unknown elements are
// passed over.
CommandSet parse_command_set(std::span<const std::byte> bytes);

// The response to a request: its Command Field, Message ID (0 where it has none), Event Type ID and those of
// its UIDs that are valid, the status, and the Error Comment (0000,0902), at most 64 characters, where it is
// not empty. The request must have a Command Field.
std::string response_to(const CommandSet& request, std::uint16_t status, std::string_view error_comment = {});

}  // namespace hilum::scp
