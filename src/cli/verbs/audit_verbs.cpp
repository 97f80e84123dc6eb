// hilum audit verify|export: who did what to which instance, and whether that record is whole.
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/command_line.h"
#include "cli/control_client.h"
#include "cli/output.h"
#include "cli/terminal/progress.h"
#include "cli/verbs/audit_verbs.h"
#include "store/overview/time_words.h"

namespace hilum::cli {
namespace {

std::string beginning_of(const nlohmann::json& answer) {
    const auto begins_after = number_of(answer, "begins_after");
    if (begins_after == 0) return "";
    return fmt::format(" after event {}, up to which audit.keep removed them", begins_after);
}

int verify_audit(const Context& context) {
    const auto configuration = context.configuration();
    if (!configuration) return context.failed(configuration.error());
    Progress progress(context.terminal);
    progress.say("reading the whole audit trail");
    const auto answer =
        ask(configuration->node.data_dir, {.verb = ControlVerb::audit_verify}, endless_patience);
    progress.clear();
    if (!answer) return context.failed(answer.error());
    const bool intact = is_true(*answer, "intact");
    if (context.json)
        print_json(context.out, *answer);
    else if (intact)
        print_wrapped(
            context.out, "",
            fmt::format("the audit trail is intact: {} events{}, last hash {}", text_of(*answer, "events"),
                        beginning_of(*answer), text_of(*answer, "last_hash")),
            context.terminal.columns);
    else
        print_wrapped(
            context.err, "hilum: ",
            fmt::format("the audit trail was changed: event {} does not fit what stands before it ({} "
                        "events in all)",
                        text_of(*answer, "first_broken"), text_of(*answer, "events")),
            context.terminal.columns);
    return intact ? exit_ok : exit_failed;
}

int export_audit(const Context& context, const AuditFilter& filter) {
    const auto configuration = context.configuration();
    if (!configuration) return context.failed(configuration.error());
    nlohmann::json after = 0;
    do {
        const auto answer = ask(configuration->node.data_dir,
                                {.verb = ControlVerb::audit_export, .after = after.get<std::int64_t>()});
        if (!answer) return context.failed(answer.error());
        for (const auto& event : list_of(*answer, "events"))
            if (matches(filter, event)) print_json_line(context.out, event);
        after = answer->value("next", nlohmann::json());
    } while (!after.is_null() && context.out);
    return exit_ok;
}

}  // namespace

bool matches(const AuditFilter& filter, const nlohmann::json& event) {
    const auto at = text_of(event, "at");
    if (!filter.from.empty() && at < filter.from) return false;
    if (!filter.to.empty() && at.substr(0, filter.to.size()) > filter.to) return false;
    return filter.study_instance_uid.empty() ||
           text_of(event, "study_instance_uid") == filter.study_instance_uid;
}

void add_audit_verbs(const Verb& app) {
    const auto audit = app.verb("audit", "the record of what happened to every instance");
    const auto verify = audit.verb("verify", "check that no event was changed or removed");
    verify.does(verify_audit);

    auto filter = std::make_shared<AuditFilter>();
    const auto export_verb = audit.verb("export", "print events as JSON, one a line, oldest first");
    const auto problem = [](const std::string& text) {
        const auto moment = parse_utc(text);
        return moment ? std::string() : moment.error().message;
    };
    export_verb.option("--from", filter->from, "events from this time on (UTC)").checked("TIME", problem);
    export_verb.option("--to", filter->to, "events to the end of this day or time (UTC)")
        .checked("TIME", problem);
    export_verb.option("--study", filter->study_instance_uid, "events of this Study Instance UID");
    export_verb.does([filter](const Context& c) { return export_audit(c, *filter); });
}

}  // namespace hilum::cli
