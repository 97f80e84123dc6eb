// hilum results: resend what a destination lost, withdraw what went wrong.
#include <fmt/format.h>

#include <functional>
#include <memory>
#include <ostream>

#include "hilum/command_line.h"
#include "hilum/control_client.h"
#include "hilum/output.h"

namespace hilum::cli {
namespace {

struct StudyOptions {
    std::string study_instance_uid, accession_number;
};

void add_study_options(CLI::App& verb, StudyOptions& study) {
    verb.add_option("--study", study.study_instance_uid, "Study Instance UID");
    verb.add_option("--accession", study.accession_number, "accession number");
}

// Asks the daemon about the study, with more `args`, and prints its answer: as JSON, or as `say` does.
int ask_about(const Context& context, const StudyOptions& study, const char* verb, nlohmann::json args,
              const std::function<void(const nlohmann::json&)>& say) {
    if (study.study_instance_uid.empty() && study.accession_number.empty()) {
        context.failed({"usage", "say of which study: --study or --accession"});
        return exit_usage;
    }
    const auto configuration = context.configuration();
    if (!configuration) return context.failed(configuration.error());
    args["study_instance_uid"] = study.study_instance_uid;
    args["accession_number"] = study.accession_number;
    const auto answer = ask(configuration->node.data_dir, verb, args);
    if (!answer) return context.failed(answer.error());
    if (context.json)
        print_json(context.out, *answer);
    else
        say(*answer);
    return exit_ok;
}

struct ResendOptions : StudyOptions {
    std::string destination;
};

int resend(const Context& context, const ResendOptions& options) {
    return ask_about(context, options, "results.resend", {{"destination", options.destination}},
                     [&](const nlohmann::json& answer) {
                         const auto deliveries = answer.value("jobs", std::int64_t{0});
                         context.out << fmt::format("{} {} queued; `hilum jobs list` shows them\n",
                                                    deliveries,
                                                    deliveries == 1 ? "delivery is" : "deliveries are");
                     });
}

void add_resend(CLI::App& results, Action& action) {
    auto options = std::make_shared<ResendOptions>();
    auto* verb = results.add_subcommand("resend", "send a study's results again, the same bytes as before");
    add_study_options(*verb, *options);
    verb->add_option("--destination", options->destination,
                     "only to this one; default: wherever they were to go");
    verb->callback(
        [&action, options] { action = [options](const Context& c) { return resend(c, *options); }; });
}

struct WithdrawOptions : StudyOptions {
    std::string reason, note;
};

int withdraw(const Context& context, const WithdrawOptions& options) {
    return ask_about(context, options, "results.withdraw",
                     {{"reason", options.reason}, {"note", options.note}}, [&](const nlohmann::json&) {
                         context.out << "withdrawn; each destination that has results of the study gets a "
                                        "note that rejects them\n";
                     });
}

void add_withdraw(CLI::App& results, Action& action) {
    auto options = std::make_shared<WithdrawOptions>();
    auto* verb = results.add_subcommand(
        "withdraw", "take a study's results back: a rejection note (Key Object, IHE IOCM) to who has them");
    add_study_options(*verb, *options);
    verb->add_option("--reason", options->reason, "quality, or (patient) safety")
        ->required()
        ->check(CLI::IsMember({"quality", "safety"}));
    verb->add_option("--note", options->note, "what went wrong, for those who read the note");
    verb->callback(
        [&action, options] { action = [options](const Context& c) { return withdraw(c, *options); }; });
}

}  // namespace

void add_result_verbs(CLI::App& app, Action& action) {
    auto* results = app.add_subcommand("results", "what the node sent");
    results->require_subcommand(1);
    add_withdraw(*results, action);
    add_resend(*results, action);
}

}  // namespace hilum::cli
