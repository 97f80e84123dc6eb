#include "pipeline/control/access_audit.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "pipeline/control/operator_name.h"
#include "store/audit/audit_event.h"

namespace hilum {
namespace {

// "HTTP client alice (read) at 10.1.0.7", "HTTP client uid 1000 (alice) (read) at http.socket".
std::string actor_of(const HttpAccess& access) {
    auto actor = std::string("HTTP client");
    if (!access.name.empty()) actor += " " + access.name;
    if (access.uid >= 0) actor += " " + user_text(static_cast<uid_t>(access.uid));
    if (!access.role.empty()) actor += " (" + access.role + ")";
    if (access.uid >= 0) actor += " at http.socket";
    if (!access.address.empty()) actor += " at " + access.address;
    return actor;
}

audit::AuditEvent event_of(const HttpAccess& access) {
    audit::AuditEvent event;
    event.type = "http_access";
    event.actor = actor_of(access);
    event.outcome = access.refused.empty() ? "success" : "failure";
    event.study_instance_uid = access.parameter("study_instance_uid");
    event.patient_id = access.parameter("patient_id");
    event.detail = {{"count", access.count}};
    if (!access.path.empty()) event.detail["path"] = access.path;
    if (!access.parameters.empty()) event.detail["parameters"] = access.parameters;
    if (!access.refused.empty()) event.detail["refused"] = access.refused;
    return event;
}

}  // namespace

void AccessAudit::note(const HttpAccess& access) {
    if (!access.refused.empty()) return strangers_.refused(access, event_of(access));
    events_.keep(
        "http_access",
        [event = event_of(access)](Transaction& transaction) { transaction.append_audit(event); },
        access.count);
}

void AccessAudit::note(const TokensLoaded& loaded) {
    trouble_.reset();
    if (!loaded.error.empty())
        trouble_ = NodeTrouble{"http", "http.tokens_file: " + loaded.error, to_iso8601(world_.now())};
    audit::AuditEvent event;
    event.type = "tokens_loaded";
    event.actor = "hilum";
    event.outcome = loaded.error.empty() ? "success" : "failure";
    event.detail = {{"owners", loaded.owners}};
    if (!loaded.error.empty()) event.detail["error"] = loaded.error;
    events_.keep("tokens_loaded", [event](Transaction& transaction) { transaction.append_audit(event); });
}

}  // namespace hilum
