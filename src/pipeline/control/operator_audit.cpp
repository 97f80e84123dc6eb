#include "pipeline/control/operator_audit.h"

#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "store/audit/audit_event.h"

namespace hilum {
namespace {

// How the node is; the audit trail would be full of who watches that.
bool shows_patient_data(ControlVerb verb) {
    return verb != ControlVerb::status;
}

// An export reads page after page: where each begins makes no event of its own.
std::map<std::string, std::string> parameters_of(const ControlRequest& request) {
    auto asked = request.filter;
    std::erase_if(asked, [](const auto& one) { return one.second.empty(); });
    const auto add = [&asked](const char* name, const std::string& value) {
        if (!value.empty()) asked[name] = value;
    };
    add("kind", request.kind);
    if (request.id != 0) add("id", std::to_string(request.id));
    add("study_instance_uid", request.study_instance_uid);
    add("accession_number", request.accession_number);
    return audited_parameters(asked);
}

audit::AuditEvent look_of(const HttpAccess& access) {
    audit::AuditEvent event;
    event.type = "operator_access";
    event.actor = access.name;
    event.study_instance_uid = access.parameter("study_instance_uid");
    event.patient_id = access.parameter("patient_id");
    event.detail = {{"count", access.count}};
    if (!access.path.empty()) event.detail["verb"] = access.path;
    if (!access.parameters.empty()) event.detail["parameters"] = access.parameters;
    return event;
}

}  // namespace

OperatorAudit::OperatorAudit(World& world, EventKeeper& events)
    : world_(world),
      events_(events),
      ledger_([this](const HttpAccess& access) { return tell(access); }),
      timer_(world.make_timer()) {}

void OperatorAudit::note(const ControlRequest& request, const std::string& actor) {
    if (!shows_patient_data(request.verb)) return;
    HttpAccess access;
    access.name = actor;
    access.path = enum_text(request.verb);
    access.parameters = parameters_of(request);
    (void)ledger_.note(std::move(access), world_.monotonic());  // telling cannot fail
    if (!std::exchange(waiting_, true)) tell_later();
}

void OperatorAudit::tell_later() {
    timer_->start(AccessLedger::window, [this] {
        ledger_.tell_counted(world_.monotonic());
        waiting_ = !ledger_.is_empty();
        if (waiting_) tell_later();
    });
}

Status OperatorAudit::tell(const HttpAccess& access) {
    events_.keep(
        "operator_access",
        [event = look_of(access)](Transaction& transaction) { transaction.append_audit(event); },
        access.count);
    return {};
}

}  // namespace hilum
