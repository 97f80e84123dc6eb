// The audit trail: one event for each thing that happens to an instance, chained by digests so that a removed
// or changed event shows. The coordinator appends, in the transaction of what the event tells; hilum reads.
#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>

namespace hilum::audit {

struct AuditEvent {
    std::int64_t id = 0;  // from 1, without gaps
    std::int64_t at = 0;  // microseconds since 1970 UTC
    std::string type;     // "instance_received", "analysed", "delivered", ... (docs/operations.md)
    std::string outcome = "success";  // success | failure
    std::string actor;                // who caused it: an AE title and address, "hilum", "operator uid 0"
    std::string study_instance_uid, sop_instance_uid, patient_id;  // empty where it concerns none
    nlohmann::json detail = nlohmann::json::object();
};

// The digest of an event in the chain: SHA-256 over the digest before it and the event's canonical text.
std::string chain_hash(const std::string& previous_hash, const AuditEvent& event);

inline constexpr const char* first_hash = "hilum audit trail";  // stands before event 1

nlohmann::json to_json(const AuditEvent& event);

// Member of an event as it is exported, beside an empty "detail": what stands there in the database and is no
// JSON.
inline constexpr const char* unreadable_detail = "unreadable_detail";

}  // namespace hilum::audit
