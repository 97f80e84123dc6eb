// Why an association ended: one reason each, in the same words in the log, the audit trail and
// hilum_association_ends_total. docs/operations.md has a row for each; a test compares.
#pragma once

#include <array>
#include <string_view>

#include "contract/enum_text.h"

namespace hilum {

enum class AssociationEnd {
    released,
    // The peer went by itself, in whatever way, after something had gone wrong:
    our_disk,
    contexts_refused,
    bad_command,
    // The peer went by itself:
    released_within_message,
    peer_aborted,
    connection_lost,
    // Hilum aborted, since the stream could not be followed:
    odd_pdv,
    pdu_too_large,
    unexpected_pdu,
    no_command,
    // Hilum aborted, since the peer asked too much of it:
    our_limit,
    too_slow,
    idle_timeout,
    // Hilum aborted for reasons of its own:
    draining,
    coordinator_gone,
    receiver_failed,
};

struct AssociationEndWords {
    AssociationEnd end;
    std::string_view code;  // in metrics, audit trail and JSON
    std::string_view text;  // after "ended: " in the log
};

inline constexpr std::array association_ends{
    AssociationEndWords{AssociationEnd::released, "released", "released by the peer"},
    AssociationEndWords{AssociationEnd::our_disk, "our_disk",
                        "the peer went after objects were refused for lack of room on the disk"},
    AssociationEndWords{AssociationEnd::contexts_refused, "contexts_refused",
                        "the peer went since all its presentation contexts were refused"},
    AssociationEndWords{AssociationEnd::bad_command, "bad_command",
                        "the peer went after commands that could not be served"},
    AssociationEndWords{AssociationEnd::released_within_message, "released_within_message",
                        "released by the peer within a message, which is not kept"},
    AssociationEndWords{AssociationEnd::peer_aborted, "peer_aborted", "aborted by the peer"},
    AssociationEndWords{AssociationEnd::connection_lost, "connection_lost",
                        "the connection was lost without a release or an abort"},
    AssociationEndWords{AssociationEnd::odd_pdv, "odd_pdv",
                        "aborted, since a PDU came whose PDVs cannot be told apart"},
    AssociationEndWords{AssociationEnd::pdu_too_large, "pdu_too_large",
                        "aborted, since a PDU came that is larger than scp.max_pdu"},
    AssociationEndWords{AssociationEnd::unexpected_pdu, "unexpected_pdu",
                        "aborted, since a PDU came that is unknown or out of place"},
    AssociationEndWords{AssociationEnd::no_command, "no_command",
                        "aborted, since a command came that does not say what it is"},
    AssociationEndWords{AssociationEnd::our_limit, "our_limit",
                        "aborted, since a message exceeds twice scp.max_object_size and 16 MiB"},
    AssociationEndWords{AssociationEnd::too_slow, "too_slow",
                        "aborted, since a message came more slowly than 4 kB/s for scp.idle_timeout"},
    AssociationEndWords{AssociationEnd::idle_timeout, "idle_timeout",
                        "aborted, since no message came within scp.idle_timeout"},
    AssociationEndWords{AssociationEnd::draining, "draining", "aborted, since the node stops"},
    AssociationEndWords{AssociationEnd::coordinator_gone, "coordinator_gone",
                        "aborted, since the coordinator is gone"},
    AssociationEndWords{AssociationEnd::receiver_failed, "receiver_failed",
                        "the receiver failed or was killed"},
};

constexpr const AssociationEndWords& words_of(AssociationEnd end) {
    for (const auto& words : association_ends)
        if (words.end == end) return words;
    return association_ends.back();
}

// What becomes of a requested association: hilum_associations_total{outcome}, and the audit trail.
enum class AssociationOutcome {
    accepted,
    unknown_caller,
    certificate,
    called_ae_title,
    application_context,
    no_presentation_context,
    unreadable,
    protocol_version,
    local_limit,
    caller_limit,
    address_limit,
    shutting_down,
};
template <>
inline constexpr auto enum_texts<AssociationOutcome> = texts_of_enum<AssociationOutcome>({
    {AssociationOutcome::accepted, "accepted"},
    {AssociationOutcome::unknown_caller, "unknown_caller"},
    {AssociationOutcome::certificate, "certificate"},
    {AssociationOutcome::called_ae_title, "called_ae_title"},
    {AssociationOutcome::application_context, "application_context"},
    {AssociationOutcome::no_presentation_context, "no_presentation_context"},
    {AssociationOutcome::unreadable, "unreadable"},
    {AssociationOutcome::protocol_version, "protocol_version"},
    {AssociationOutcome::local_limit, "local_limit"},
    {AssociationOutcome::caller_limit, "caller_limit"},
    {AssociationOutcome::address_limit, "address_limit"},
    {AssociationOutcome::shutting_down, "shutting_down"},
});

}  // namespace hilum
