#include "cli/verbs/node_health.h"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/clock.h"
#include "base/tls/certificate_term.h"
#include "cli/output.h"

namespace hilum::cli {
namespace {

// The daemon's own words for why not, where it has some.
std::string reason_of(const nlohmann::json& status, const char* key, const char* usual) {
    const auto found = status.find(key);
    return found != status.end() && found->is_string() ? text_of(status, key) : usual;
}

void add_models(const nlohmann::json& status, NodeHealth& health) {
    const auto models = list_of(status, "models");
    const bool stores_only = is_true(status, "stores_only");
    if (stores_only)
        health.to_look_at.push_back(
            models.empty() ? "no model is configured: what is received is stored, and nothing is reported"
                           : "every model is a shadow: what is received is stored, and nothing is reported");
    bool explained = false;
    for (const auto& model : models) {
        const auto name = text_of(model, "package"), error = text_of(model, "error"),
                   state = text_of(model, "state");
        if (state == "ready" && error.empty()) continue;
        explained = explained || state != "ready";
        // A reload that failed leaves the version before at work.
        auto& into = state == "ready" ? health.to_look_at : health.problems;
        into.push_back(fmt::format("model {}: {}{}", name, state == "ready" ? "not reloaded" : state,
                                   error.empty() ? "" : ": " + error));
    }
    if (!is_true(status, "inferring") && !explained && !stores_only)
        health.problems.push_back(reason_of(status, "inferring", "it does not infer: no decoder runs"));
}

std::set<std::string> add_paused(const nlohmann::json& status, NodeHealth& health) {
    std::set<std::string> paused;
    for (const auto& destination : list_of(status, "destinations")) {
        const auto since = text_of(destination, "paused_at"), name = text_of(destination, "name");
        if (since.empty()) continue;
        paused.insert(name);
        health.to_look_at.push_back(
            fmt::format("{} is paused since {}: {} for it", name, short_time(since),
                        counted(number_of(destination, "waiting"), "result waits", "results wait")));
    }
    return paused;
}

void add_destinations(const nlohmann::json& status, NodeHealth& health) {
    const auto paused = add_paused(status, health);
    for (const auto& destination : list_of(status, "destination_states")) {
        const auto name = text_of(destination, "name");
        if (text_of(destination, "state") != "down" || paused.contains(name)) continue;
        health.problems.push_back(fmt::format("{} is DOWN since {}: {}", name,
                                              short_time(text_of(destination, "since")),
                                              text_of(destination, "error")));
    }
}

// What waits for a server is safe here, and is no witness there.
void add_audit_servers(const nlohmann::json& status, NodeHealth& health) {
    std::map<std::string, std::int64_t> waiting;
    for (const auto& server : list_of(status, "audit_servers"))
        waiting[text_of(server, "name")] = number_of(server, "waiting");
    for (const auto& server : list_of(status, "audit_server_states")) {
        const auto name = text_of(server, "name");
        if (text_of(server, "state") != "down") continue;
        health.problems.push_back(
            fmt::format("the audit trail does not reach the syslog server {} since {}, {} for it: {}", name,
                        short_time(text_of(server, "since")),
                        counted(waiting[name], "event waits", "events wait"), text_of(server, "error")));
    }
}

void add_certificates(const nlohmann::json& status, NodeHealth& health) {
    const auto seconds = to_microseconds(now()) / 1'000'000;
    for (const auto& certificate : list_of(status, "certificates")) {
        if (const auto error = text_of(certificate, "error"); !error.empty())
            health.problems.push_back(fmt::format("{}: what was to be loaded for TLS is not in use: {}",
                                                  text_of(certificate, "use"), error));
        const CertificateTerm term{.kind = text_of(certificate, "kind"),
                                   .source = text_of(certificate, "source"),
                                   .subject = text_of(certificate, "subject"),
                                   .not_before = number_of(certificate, "not_before"),
                                   .not_after = number_of(certificate, "not_after")};
        const auto warning = term_warning(term, seconds);
        if (warning.empty()) continue;
        auto& into = is_current(term, seconds) ? health.to_look_at : health.problems;
        into.push_back(fmt::format("{}: the {} of {} in {} {}", text_of(certificate, "use"),
                                   kind_text(term.kind), term.subject, term.source, warning));
    }
}

// What the node lacks.
void add_troubles(const nlohmann::json& status, NodeHealth& health) {
    for (const auto& trouble : list_of(status, "troubles"))
        health.problems.push_back(fmt::format("{}, since {}: {}", text_of(trouble, "where"),
                                              short_time(text_of(trouble, "since")),
                                              text_of(trouble, "message")));
    for (const auto& held : list_of(mapping_of(status, "storage"), "held_up"))
        health.problems.push_back(fmt::format("{} ({}), since {}, until this is mended: {}",
                                              counted(number_of(held, "jobs"), "job waits", "jobs wait"),
                                              text_of(held, "kind"), short_time(text_of(held, "since")),
                                              text_of(held, "error")));
}

// An attack, or a role's table that lacks a call.
void add_forbidden_calls(const nlohmann::json& status, NodeHealth& health) {
    for (const auto& child : list_of(status, "children"))
        if (const auto calls = number_of(child, "forbidden_calls"); calls > 0)
            health.to_look_at.push_back(
                fmt::format("{} {}: killed {} for a system call that its role may not make, last {}: an "
                            "attack, or a fault "
                            "of Hilum's",
                            text_of(child, "role"), text_of(child, "name"), counted(calls, "time", "times"),
                            text_of(child, "last_forbidden")));
}

// Jobs that wait for an operator.
void add_jobs(const nlohmann::json& status, NodeHealth& health) {
    std::map<std::string, std::int64_t> set_aside;
    const auto queue = mapping_of(status, "queue");
    for (const auto& [kind, states] : queue.items())
        for (const char* state : {"quarantined", "refused", "expired"})
            set_aside[state] += number_of(states, state);
    for (const auto& [state, jobs] : set_aside)
        if (jobs > 0)
            health.to_look_at.push_back(fmt::format("{} {}: see `hilum jobs list --state {}`",
                                                    counted(jobs, "job is", "jobs are"), state, state));
}

void add_retention(const nlohmann::json& status, NodeHealth& health) {
    const auto since = text_of(mapping_of(status, "retention"), "over_budget_since");
    if (since.empty()) return;
    health.to_look_at.push_back(fmt::format(
        "more is kept than retention.budget since {}, and none of it may go yet: `hilum retention "
        "--dry-run` tells why",
        short_time(since)));
}

// What the disk did to what is kept.
void add_damage(const nlohmann::json& status, NodeHealth& health) {
    const auto storage = mapping_of(status, "storage");
    std::set<std::string> studies;
    const auto damaged = list_of(storage, "damaged");
    for (const auto& object : damaged) studies.insert(text_of(object, "study_instance_uid"));
    if (!damaged.empty())
        health.problems.push_back(fmt::format(
            "{} in the spool: have the PACS send {} again ({}), and look after the disk; `hilum status "
            "--json` names all",
            counted(static_cast<std::int64_t>(damaged.size()), "object is damaged", "objects are damaged"),
            studies.size() == 1 ? "the study" : "the studies", *studies.begin()));
    if (const auto overdue = number_of(storage, "overdue"); overdue > 0)
        health.problems.push_back(fmt::format("{} overdue: nobody takes them up; see the log",
                                              counted(overdue, "report is", "reports are")));
    for (const auto& study : list_of(storage, "unreadable"))
        health.problems.push_back(fmt::format("study {} gets no report, since a row of it cannot be read: {}",
                                              text_of(study, "study_instance_uid"), text_of(study, "error")));
}

}  // namespace

NodeHealth health_of(const nlohmann::json& status) {
    NodeHealth health;
    if (is_true(status, "running")) {
        if (!is_true(status, "receiving"))
            health.problems.push_back(
                reason_of(status, "receiving", "it does not receive: the DICOM port is not open"));
        if (is_true(status, "draining")) health.problems.push_back("it is being stopped");
        add_models(status, health);
        add_forbidden_calls(status, health);
        for (const auto& child : list_of(status, "children"))
            if (const auto state = text_of(child, "state"); state != "running")
                health.problems.push_back(
                    fmt::format("process {} {} {}", text_of(child, "role"), text_of(child, "name"),
                                state == "silent" ? "gives no sign of life; it is killed where that lasts"
                                                  : fmt::format("does not run ({})", state)));
    } else {
        health.problems.push_back(reason_of(status, "unreachable", "hilumd is not running"));
    }
    add_destinations(status, health);
    add_audit_servers(status, health);
    add_certificates(status, health);
    add_troubles(status, health);
    add_jobs(status, health);
    add_retention(status, health);
    add_damage(status, health);
    return health;
}

}  // namespace hilum::cli
