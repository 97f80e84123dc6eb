// hilum studies: what was received, and what became of it, a line a study.
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>
#include <vector>

#include "base/text.h"
#include "cli/command_line.h"
#include "cli/control_client.h"
#include "cli/output.h"
#include "store/overview/list_filters.h"

namespace hilum::cli {
namespace {

struct StudiesOptions {
    std::string patient, accession_number, study_instance_uid, state, since;
    int limit = 100;
};

Parameters parameters_of(const StudiesOptions& options) {
    return {{"patient_id", options.patient},
            {"accession_number", options.accession_number},
            {"study_instance_uid", options.study_instance_uid},
            {"state", options.state},
            {"since", options.since},
            {"limit", std::to_string(options.limit)}};
}

// What the model said of it, or why it said nothing.
std::string result_text(const nlohmann::json& study) {
    const auto state = text_of(study, "state");
    if (state == "withdrawn") return "withdrawn";
    if (state == "failed") return "FAILED: " + text_of(study, "error");
    if (state == "waiting") return "waiting";
    if (state == "discarded") {
        const auto why = text_of(study, "error");
        return "discarded" + (why.empty() ? "" : ": " + why);
    }
    const auto diagnoses = text_of(study, "diagnoses"), why_not = text_of(study, "not_analysed");
    if (!diagnoses.empty()) return (text_of(study, "urgent_at").empty() ? "" : "urgent: ") + diagnoses;
    if (!why_not.empty()) return "not analysed: " + why_not;
    const auto reason = text_of(study, "reason");
    return "not analysed" + (reason.empty() ? "" : ": " + reason);
}

// "v2: pacs, ris 1 of 2, archive FAILED, web 1 discarded": the version of the report, and who has its
// results.
std::string sent_text(const nlohmann::json& study) {
    const auto version = number_of(study, "report_version");
    std::string names;
    for (const auto& destination : list_of(study, "destinations")) {
        const auto delivered = number_of(destination, "delivered"),
                   waiting = number_of(destination, "waiting"), failed = number_of(destination, "failed"),
                   discarded = number_of(destination, "discarded");
        names += (names.empty() ? "" : ", ") + text_of(destination, "name");
        if (failed > 0)
            names += " FAILED";
        else if (waiting > 0)
            names += fmt::format(" {} of {}", delivered, delivered + waiting);
        else if (discarded > 0)
            names += fmt::format(" {} discarded", discarded);
    }
    if (version == 0) return names.empty() ? "-" : names;
    return fmt::format("v{}{}{}", version, names.empty() ? "" : ": ", names);
}

// Their zone, where it is the same for all of them; else nothing.
std::string common_zone(const std::vector<std::string>& times) {
    const auto zone_of = [](const std::string& time) { return time.substr(time.rfind(' ') + 1); };
    for (const auto& time : times)
        if (zone_of(time) != zone_of(times.front())) return {};
    return times.empty() ? std::string() : zone_of(times.front());
}

void print_studies(const Context& context, const nlohmann::json& studies) {
    std::vector<std::string> times;
    for (const auto& study : studies) times.push_back(short_time(text_of(study, "received_at")));
    const auto zone = common_zone(times);  // once, in the head, since 80 columns are few
    Table table({zone.empty() ? Table::Column("RECEIVED") : Table::Column("RECEIVED (" + zone + ")"),
                 {"ACCESSION", 9},
                 "IMG",
                 {"RESULT", 24},
                 {"REPORT SENT TO", 14},
                 {"STUDY", 64, true}});
    for (std::size_t i = 0; i < times.size(); ++i) {
        const auto& study = studies[i];
        table.add({zone.empty() ? times[i] : times[i].substr(0, times[i].rfind(' ')),
                   text_of(study, "accession_number"), text_of(study, "instances"), result_text(study),
                   sent_text(study), text_of(study, "study_instance_uid")});
    }
    if (table.empty())
        context.out << "no studies\n";
    else
        table.print(context.out, context.terminal.columns);
}

int list_studies(const Context& context, const StudiesOptions& options) {
    const auto filter = study_filter(parameters_of(options), now());
    if (!filter) return context.failed(filter.error());
    const auto configuration = context.configuration();
    if (!configuration) return context.failed(configuration.error());
    ControlRequest request{.verb = ControlVerb::studies, .filter = parameters_of(options)};
    // As this process reads it: the daemon may live in another time zone.
    request.filter["since"] = filter->since == 0 ? "" : to_iso8601(from_microseconds(filter->since));
    const auto answer = ask(configuration->node, request);
    if (!answer) return context.failed(answer.error());
    if (context.json)
        print_json(context.out, *answer);
    else
        print_studies(context, list_of(*answer, "studies"));
    return exit_ok;
}

}  // namespace

void add_studies_verb(const Verb& app) {
    auto options = std::make_shared<StudiesOptions>();
    const auto verb = app.verb("studies", "what was received and what became of it, the newest first");
    verb.option("--patient", options->patient, "studies of the patient with this Patient ID").not_empty();
    verb.option("--accession", options->accession_number, "studies with this accession number").not_empty();
    verb.option("--study", options->study_instance_uid, "the study with this Study Instance UID").not_empty();
    verb.option("--since", options->since,
                "studies that received something since: 2h or 7d ago, or a day or time in local time such as "
                "2026-11-23 or 2026-11-23T14:05");
    verb.option("--state", options->state, "studies in this state: " + joined(study_states()));
    verb.option("--limit", options->limit, "at most so many").shows_default().between(1, most_listed);
    verb.does([options](const Context& c) { return list_studies(c, *options); });
}

}  // namespace hilum::cli
