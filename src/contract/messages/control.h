// An operator with the daemon, over the control socket, or with the database where no daemon runs: what
// `hilum` asks. Answered by {"ok": {...}} or {"error": {"code", "message"}}.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "contract/enum_text.h"
#include "contract/messages/packet.h"

namespace hilum {

enum class ControlVerb {
    // Reading: answered from the database alone where no daemon runs.
    status,
    jobs_list,
    jobs_show,
    studies,
    results_withdrawal,  // what a withdrawal would do
    audit_export,
    audit_verify,
    // Changing: they need the daemon.
    jobs_retry,
    jobs_discard,
    results_resend,
    results_withdraw,
    destinations_pause,
    destinations_resume,
    model_reload,
};
template <>
inline constexpr auto enum_texts<ControlVerb> = texts_of_enum<ControlVerb>({
    {ControlVerb::status, "status"},
    {ControlVerb::jobs_list, "jobs.list"},
    {ControlVerb::jobs_show, "jobs.show"},
    {ControlVerb::studies, "studies"},
    {ControlVerb::results_withdrawal, "results.withdrawal"},
    {ControlVerb::audit_export, "audit.export"},
    {ControlVerb::audit_verify, "audit.verify"},
    {ControlVerb::jobs_retry, "jobs.retry"},
    {ControlVerb::jobs_discard, "jobs.discard"},
    {ControlVerb::results_resend, "results.resend"},
    {ControlVerb::results_withdraw, "results.withdraw"},
    {ControlVerb::destinations_pause, "destinations.pause"},
    {ControlVerb::destinations_resume, "destinations.resume"},
    {ControlVerb::model_reload, "model.reload"},
});

// As a packet: {"verb": ..., "args": {...}} with the arguments that its verb has, and "claimed_by" where it
// is not empty.
struct ControlRequest {
    ControlVerb verb = ControlVerb::status;
    std::string kind = {};                                       // jobs.*: of one job
    std::int64_t id = 0;                                         // with kind
    std::string study_instance_uid = {}, accession_number = {};  // jobs.*, results.*: of the studies
    std::string destination = {};                                // results.resend: empty: all; destinations.*
    std::string reason = {}, note = {};                          // results.withdraw
    std::string model = {};                                      // model.reload: empty: every one
    std::int64_t after = 0;                                      // audit.export: from the event after it
    std::string claimed_by = {};  // who asks, as the client has it from sudo or the login; never proved
    std::map<std::string, std::string> filter = {};  // jobs.list, studies: by name, as text
};

Packet to_packet(const ControlRequest& request);

// What the client says of who asks; empty: nothing. Whatever the packet holds.
std::string claim_in(const Packet& packet);

// Codes: "unknown_verb"; "bad_request" for arguments of the wrong kind.
Result<ControlRequest> control_request_in(const Packet& packet);

}  // namespace hilum
