// hilum results resend: what a destination lost.
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

}  // namespace

void add_result_verbs(CLI::App& app, Action& action) {
    auto* results = app.add_subcommand("results", "what the node sent");
    results->require_subcommand(1);
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
