// hilum results: resend what a destination lost, withdraw what went wrong.
#include <fmt/format.h>

#include <istream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>

#include "cli/command_line.h"
#include "cli/control_client.h"
#include "cli/output.h"

namespace hilum::cli {
namespace {

struct StudyOptions {
    std::string study_instance_uid, accession_number;
};

void add_study_options(const Verb& verb, StudyOptions& study) {
    verb.option("--study", study.study_instance_uid, "Study Instance UID").not_empty();
    verb.option("--accession", study.accession_number, "accession number; with --study: of that study alone")
        .not_empty();
}

Result<ControlRequest> request_about(const StudyOptions& study, ControlVerb verb) {
    if (study.study_instance_uid.empty() && study.accession_number.empty())
        return fail("usage", "say of which study: --study or --accession");
    return ControlRequest{.verb = verb,
                          .study_instance_uid = study.study_instance_uid,
                          .accession_number = study.accession_number};
}

struct ResendOptions : StudyOptions {
    std::string destination;
};

int resend(const Context& context, const ResendOptions& options) {
    auto request = request_about(options, ControlVerb::results_resend);
    if (!request) return context.failed(request.error());
    const auto configuration = context.configuration();
    if (!configuration) return context.failed(configuration.error());
    request->destination = options.destination;
    const auto answer = ask(configuration->node, *request);
    if (!answer) return context.failed(answer.error());
    if (context.json) {
        print_json(context.out, *answer);
        return exit_ok;
    }
    const auto deliveries = number_of(*answer, "jobs"), analyses = number_of(*answer, "analyses");
    if (deliveries > 0 || analyses == 0)
        context.out << counted(deliveries, "delivery is", "deliveries are")
                    << " queued; `hilum jobs list` shows them\n";
    if (analyses > 0)
        context.out << "the files of the results were removed (retention), and all images are back: "
                    << counted(analyses, "analysis is", "analyses are")
                    << " queued, and the next version of the report is sent (none where study.revise is "
                       "false)\n";
    return exit_ok;
}

void add_resend(const Verb& results) {
    auto options = std::make_shared<ResendOptions>();
    const auto verb = results.verb("resend", "send a study's results again, the same bytes as before");
    add_study_options(verb, *options);
    verb.option("--destination", options->destination, "only to this one; default: wherever they were to go")
        .not_empty();
    verb.does([options](const Context& c) { return resend(c, *options); });
}

struct WithdrawOptions : StudyOptions {
    std::string reason, note;
    bool yes = false;
};

std::string reports_text(const nlohmann::json& study) {
    std::string text;
    for (const auto& report : list_of(study, "reports"))
        text += fmt::format("{}version {} of {} ({})", text.empty() ? "" : ", ", text_of(report, "version"),
                            text_of(report, "model"), text_of(report, "state"));
    return text.empty() ? "the report that is due is not made" : "taken back: report " + text;
}

std::string notes_text(const nlohmann::json& study) {
    std::string names;
    for (const auto& name : list_of(study, "notes_to"))
        names += (names.empty() ? "" : ", ") + (name.is_string() ? name.get<std::string>() : name.dump());
    return names.empty() ? "no destination has results: none gets a note"
                         : "a note that rejects them goes to: " + names;
}

void print_plan(const Context& context, std::ostream& out, const nlohmann::json& studies) {
    const auto line = [&](const char* head, const std::string& text) {
        print_wrapped(out, head, text, context.terminal.columns);
    };
    for (const auto& study : studies) {
        line("", fmt::format("study {} (accession number {}, Study Date {})",
                             text_of(study, "study_instance_uid"), text_of(study, "accession_number"),
                             text_of(study, "study_date")));
        line("  - ", reports_text(study));
        line("  - ", notes_text(study));
        if (const auto waiting = number_of(study, "not_sent"); waiting > 0)
            line("  - ", counted(waiting, "delivery is", "deliveries are") + " not made any more");
    }
}

// Nothing where the operator agrees.
std::optional<Error> objection(const Context& context, const WithdrawOptions& options) {
    if (options.yes) return std::nullopt;
    if (context.terminal.answers == nullptr)
        return Error{"not_confirmed",
                     "nothing was withdrawn: nobody is at a terminal to be asked; --yes agrees to the above"};
    context.err << "Withdraw these results? They cannot be brought back. [y/N] " << std::flush;
    std::string answer;
    std::getline(*context.terminal.answers, answer);
    if (answer == "y" || answer == "Y" || answer == "yes") return std::nullopt;
    return Error{"not_confirmed", "nothing was withdrawn"};
}

int withdraw(const Context& context, const WithdrawOptions& options) {
    auto request = request_about(options, ControlVerb::results_withdrawal);
    if (!request) return context.failed(request.error());
    const auto configuration = context.configuration();
    if (!configuration) return context.failed(configuration.error());
    const auto& node = configuration->node;
    const auto plan = ask_running(node, *request);
    if (!plan) return context.failed(plan.error());
    // With --json, `out` has the answer alone.
    print_plan(context, context.json ? context.err : context.out, list_of(*plan, "studies"));
    if (!list_of(*plan, "studies").empty())
        if (const auto objected = objection(context, options)) return context.failed(*objected);
    request->verb = ControlVerb::results_withdraw;
    request->reason = options.reason;
    request->note = options.note;
    const auto answer = ask_running(node, *request);
    if (!answer) return context.failed(answer.error());
    if (context.json)
        print_json(context.out, *answer);
    else
        context.out << "withdrawn\n";
    return exit_ok;
}

void add_withdraw(const Verb& results) {
    auto options = std::make_shared<WithdrawOptions>();
    const auto verb = results.verb(
        "withdraw", "take a study's results back: a rejection note (Key Object, IHE IOCM) to who has them");
    add_study_options(verb, *options);
    verb.option("--reason", options->reason, "quality, or (patient) safety")
        .required()
        .one_of({"quality", "safety"});
    verb.option("--note", options->note, "what went wrong, for those who read the note");
    verb.flag("--yes", options->yes, "do it without asking");
    verb.does([options](const Context& c) { return withdraw(c, *options); });
}

}  // namespace

void add_result_verbs(const Verb& app) {
    const auto results = app.verb("results", "what the node sent");
    add_withdraw(results);
    add_resend(results);
}

}  // namespace hilum::cli
