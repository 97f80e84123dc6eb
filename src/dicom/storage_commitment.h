// The Storage Commitment Push Model (PS3.4 annex J), as far as who asks for it (an SCU) needs it: what the
// listener and the senders share. Includes DCMTK; include it from .cpp files.
#pragma once

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmnet/dimse.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "contract/messages/receiving.h"
#include "dicom/transfer_syntaxes.h"

namespace hilum {

inline constexpr std::string_view storage_commitment_sop_class_uid = "1.2.840.10008.1.20.1";
inline constexpr std::string_view storage_commitment_sop_instance_uid = "1.2.840.10008.1.20.1.1";

// What an N-EVENT-REPORT tells (PS3.4 table J.3-3): for which instances the SCP commits itself, for which
// not. Who said it is left open. Codes: those of scan_header(), "malformed" (no UIDs where they belong),
// "too_large" (more than most_committed_instances).
inline constexpr std::size_t most_committed_instances = 1000;
Result<CommitmentReport> parse_commitment_report(std::span<const std::byte> data_set,
                                                 const TransferSyntax& transfer_syntax);

// Makes a report durable, or cannot (an error), or knows nothing of the transaction (false).
using KeepCommitmentReport = std::function<Result<bool>(CommitmentReport)>;

// An N-EVENT-REPORT-RQ, as its command set has it.
struct CommitmentEvent {
    std::string affected_sop_class_uid, affected_sop_instance_uid;
    int event_type_id = 0;
};
inline constexpr std::size_t largest_commitment_event = 1 << 20;  // bytes; 1000 instances have 150 kB

// Keeps what an event reports, and what status it is to be answered (PS3.7 10.1.1.1.8): 0000 once it is kept,
// 0115 for an unknown transaction or a malformed report (a data set that is nothing: one that was longer than
// allowed; a transfer syntax that is nullptr: it came in no accepted context), 0110 where it cannot be kept,
// 0113, 0118 and 0112 for what is no event of this service.
std::uint16_t answer_to(const CommitmentEvent& event, const std::optional<std::vector<std::byte>>& data_set,
                        const TransferSyntax* transfer_syntax, const KeepCommitmentReport& keep);

// Serves an N-EVENT-REPORT whose command was just received: takes its data set, at most 1 MiB, keeps it and
// answers as answer_to() says. `seconds`: DCMTK's limit of waiting. What happened: the answer's status, or
// why the association is no longer of use (code "association").
Result<std::uint16_t> serve_commitment_event(T_ASC_Association& association,
                                             T_ASC_PresentationContextID context,
                                             const T_DIMSE_N_EventReportRQ& request, int seconds,
                                             const KeepCommitmentReport& keep);

}  // namespace hilum
