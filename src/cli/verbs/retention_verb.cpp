// hilum retention [--dry-run] | hold | release: what is kept here, what would go, and what must not.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/command_line.h"
#include "cli/control_client.h"
#include "cli/output.h"

namespace hilum::cli {
namespace {

struct RetentionOptions {
    bool dry_run = false;
    std::string study_instance_uid, reason;
};

std::string size_of(const nlohmann::json& object, const char* key) {
    return human_size(static_cast<std::uint64_t>(std::max<std::int64_t>(0, number_of(object, key))));
}

void print_kept(const Context& context, const nlohmann::json& status) {
    Table table({"KEPT", {"FILES", 8}, {"SIZE", 10}});
    const auto kept = mapping_of(status, "kept");
    for (const auto& [kind, total] : kept.items())
        table.add({kind, text_of(total, "files"), size_of(total, "bytes")});
    table.print(context.out, context.terminal.columns);
}

void print_holds(const Context& context, const nlohmann::json& status) {
    Table table({{"HELD STUDY", 64}, {"ACCESSION", 9}, {"SINCE", 20}, {"BY", 12}, {"REASON", 16}});
    for (const auto& hold : list_of(status, "holds"))
        table.add({text_of(hold, "study_instance_uid"), text_of(hold, "accession_number"),
                   short_time(text_of(hold, "held_at")), text_of(hold, "held_by"), text_of(hold, "reason")});
    if (table.empty()) return;
    context.out << "\n";
    table.print(context.out, context.terminal.columns);
}

void print_status(const Context& context, const nlohmann::json& status) {
    print_kept(context, status);
    context.out << "\n";
    if (status.contains("budget_bytes") && status.at("budget_bytes").is_number())
        context.out << "budget     " << size_of(status, "budget_bytes") << "\n";
    else
        context.out << "budget     none\n";
    const auto studies = mapping_of(status, "studies");
    context.out << fmt::format("studies    {} with files, {} without, {} held\n", text_of(studies, "on_disk"),
                               text_of(studies, "removed"), text_of(studies, "held"));
    if (number_of(status, "removals_waiting") > 0)
        context.out << fmt::format("unlinking  {} files\n", text_of(status, "removals_waiting"));
    if (number_of(status, "audit_begins_after") > 0)
        context.out << fmt::format("audit      begins after event {}\n",
                                   text_of(status, "audit_begins_after"));
    if (const auto since = text_of(status, "over_budget_since"); !since.empty())
        print_wrapped(
            context.out, "",
            fmt::format("OVER BUDGET since {}: nothing more may go, for it was not delivered, is held or "
                        "waits for an operator; `hilum retention --dry-run` tells how much of each",
                        short_time(since)),
            context.terminal.columns);
    print_holds(context, status);
}

int show_retention(const Context& context, const Configuration& configuration) {
    const auto answer = ask(configuration.node, {.verb = ControlVerb::retention});
    if (!answer) return context.failed(answer.error());
    if (context.json)
        print_json(context.out, *answer);
    else
        print_status(context, *answer);
    return exit_ok;
}

void print_totals(const Context& context, const char* title, const nlohmann::json& totals) {
    Table table({{title, 12}, {"STUDIES", 8}, {"FILES", 8}, {"SIZE", 10}});
    for (const auto& [reason, total] : totals.items())
        table.add({reason, text_of(total, "studies"), text_of(total, "files"), size_of(total, "bytes")});
    if (table.empty()) return;
    table.print(context.out, context.terminal.columns);
    context.out << "\n";
}

void print_preview(const Context& context, const nlohmann::json& preview) {
    const auto budget = preview.value("budget_bytes", nlohmann::json());
    context.out << fmt::format(
        "{} are kept, the budget is {}\n\n", size_of(preview, "kept_bytes"),
        budget.is_number() ? fmt::format("{}, and the oldest go from {} on", size_of(preview, "budget_bytes"),
                                         size_of(preview, "high_watermark_bytes"))
                           : "none");
    print_totals(context, "STAYS", mapping_of(preview, "stays"));
    const auto total = mapping_of(preview, "total");
    if (total.empty()) {
        context.out << "nothing would go\n";
        return;
    }
    print_totals(context, "WOULD GO", total);
    Table table(
        {{"STUDY", 64}, {"ACCESSION", 9}, {"WHY", 8}, {"FILES", 6}, {"SIZE", 10}, {"LAST", 20, true}});
    for (const auto& study : list_of(preview, "studies"))
        table.add({text_of(study, "study_instance_uid"), text_of(study, "accession_number"),
                   text_of(study, "reason"), text_of(study, "files"), size_of(study, "bytes"),
                   short_time(text_of(study, "last_at"))});
    table.print(context.out, context.terminal.columns);
    context.out << "\n";
    print_wrapped(
        context.out, "",
        "ages count from a quarter of an hour after hilumd started, and later where the clock was set",
        context.terminal.columns);
}

// By the rules of the file that this was given, so that they can be tried before the daemon has them.
int dry_run(const Context& context, const Configuration& configuration) {
    const nlohmann::json rules = {{"retention", configuration.retention},
                                  {"min_free_space", configuration.scp.min_free_space},
                                  {"quiet", configuration.study.idle_timeout.count()}};
    const auto answer =
        ask(configuration.node, {.verb = ControlVerb::retention_preview, .rules = rules.dump()},
            endless_patience);
    if (!answer) return context.failed(answer.error());
    if (context.json)
        print_json(context.out, *answer);
    else
        print_preview(context, *answer);
    return exit_ok;
}

int change_hold(const Context& context, const RetentionOptions& options, bool hold) {
    if (options.dry_run)
        return context.failed(
            {"usage", fmt::format("--dry-run shows what would go, and tries no {}: nothing was done",
                                  hold ? "hold" : "release")});
    const auto configuration = context.configuration();
    if (!configuration) return context.failed(configuration.error());
    const auto answer =
        ask(configuration->node, {.verb = hold ? ControlVerb::retention_hold : ControlVerb::retention_release,
                                  .study_instance_uid = options.study_instance_uid,
                                  .reason = options.reason});
    if (!answer) return context.failed(answer.error());
    if (context.json) {
        print_json(context.out, *answer);
        return exit_ok;
    }
    const bool changed = is_true(*answer, "changed");
    if (!hold)
        context.out << (changed ? "the study is released: it goes when its time has come\n"
                                : "the study was not held\n");
    else if (is_true(*answer, "removed"))
        context.out << "the study is held, but its files were removed before; what is sent again stays\n";
    else if (is_true(*answer, "reason_changed"))
        context.out << "the study was held already; the reason that is shown is the new one now, and the "
                       "audit trail has both\n";
    else
        context.out << (changed ? "the study is held: nothing of it goes until `hilum retention release`\n"
                                : "the study was held already\n");
    return exit_ok;
}

int retention(const Context& context, const RetentionOptions& options) {
    const auto configuration = context.configuration();
    if (!configuration) return context.failed(configuration.error());
    return options.dry_run ? dry_run(context, *configuration) : show_retention(context, *configuration);
}

}  // namespace

void add_retention_verb(const Verb& app) {
    const auto verb = app.verb("retention", "what is kept here, and for how long");
    auto options = std::make_shared<RetentionOptions>();
    verb.flag("--dry-run", options->dry_run, "show what would go now by the configuration at hand, and why");
    verb.does([options](const Context& c) { return retention(c, *options); });

    const auto add = [&](const char* name, const char* text, bool hold) {
        const auto added = verb.verb(name, text);
        added.option("--study", options->study_instance_uid, "its Study Instance UID").required();
        auto reason = added.option("--reason", options->reason, "for the audit trail");
        if (hold) reason.required();
        added.does([options, hold](const Context& c) { return change_hold(c, *options, hold); });
    };
    add("hold", "keep everything of a study, whatever its age and the budget", true);
    add("release", "end a study's hold", false);
}

}  // namespace hilum::cli
