// hilum results: resend what a destination lost, withdraw what went wrong.
#include <fmt/format.h>

#include <memory>
#include <ostream>

#include "hilum/command_line.h"
#include "hilum/control_client.h"
#include "hilum/output.h"

namespace hilum::cli {
namespace {

struct ResendOptions {
    std::string study_instance_uid, accession_number, destination;
};

int resend(const Context& context, const ResendOptions& options) {
    if (options.study_instance_uid.empty() && options.accession_number.empty()) {
        context.failed({"usage", "say of which study: --study or --accession"});
        return exit_usage;
    }
    const auto configuration = context.configuration();
    if (!configuration) return context.failed(configuration.error());
    const auto answer = ask(configuration->node.data_dir, "results.resend",
                            {{"study_instance_uid", options.study_instance_uid},
                             {"accession_number", options.accession_number},
                             {"destination", options.destination}});
    if (!answer) return context.failed(answer.error());
    if (context.json) {
        print_json(context.out, *answer);
        return exit_ok;
    }
    const auto deliveries = answer->value("jobs", std::int64_t{0});
    context.out << fmt::format("{} {} queued; `hilum jobs list` shows them\n", deliveries,
                               deliveries == 1 ? "delivery is" : "deliveries are");
    return exit_ok;
}

struct WithdrawOptions {
    std::string study_instance_uid, accession_number, reason, note;
};

int withdraw(const Context& context, const WithdrawOptions& options) {
    if (options.study_instance_uid.empty() && options.accession_number.empty()) {
        context.failed({"usage", "say of which study: --study or --accession"});
        return exit_usage;
    }
    const auto configuration = context.configuration();
    if (!configuration) return context.failed(configuration.error());
    const auto answer = ask(configuration->node.data_dir, "results.withdraw",
                            {{"study_instance_uid", options.study_instance_uid},
                             {"accession_number", options.accession_number},
                             {"reason", options.reason},
                             {"note", options.note}});
    if (!answer) return context.failed(answer.error());
    if (context.json)
        print_json(context.out, *answer);
    else
        context.out
            << "withdrawn; each destination that has results of the study gets a note that rejects them\n";
    return exit_ok;
}

void add_withdraw(CLI::App& results, Action& action) {
    auto options = std::make_shared<WithdrawOptions>();
    auto* verb = results.add_subcommand(
        "withdraw", "take a study's results back: a rejection note (Key Object, IHE IOCM) to who has them");
    verb->add_option("--study", options->study_instance_uid, "Study Instance UID");
    verb->add_option("--accession", options->accession_number, "accession number");
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
    auto options = std::make_shared<ResendOptions>();
    auto* verb = results->add_subcommand("resend", "send a study's results again, the same bytes as before");
    verb->add_option("--study", options->study_instance_uid, "Study Instance UID");
    verb->add_option("--accession", options->accession_number, "accession number");
    verb->add_option("--destination", options->destination,
                     "only to this one; default: wherever they were to go");
    verb->callback(
        [&action, options] { action = [options](const Context& c) { return resend(c, *options); }; });
}

}  // namespace hilum::cli
