#include "store/audit/audit_event.h"

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/digest.h"

namespace hilum::audit {

nlohmann::json to_json(const AuditEvent& event) {
    return {{"id", event.id},
            {"at", to_iso8601(from_microseconds(event.at))},
            {"type", event.type},
            {"outcome", event.outcome},
            {"actor", event.actor},
            {"study_instance_uid", event.study_instance_uid},
            {"sop_instance_uid", event.sop_instance_uid},
            {"patient_id", event.patient_id},
            {"detail", event.detail}};
}

std::string chain_hash(const std::string& previous_hash, const AuditEvent& event) {
    // nlohmann::json keeps the keys of an object sorted, so the text is canonical.
    const auto text = to_json(event).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    return sha256_hex(previous_hash + "\n" + text);
}

}  // namespace hilum::audit
