#include "cli/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>
#include <set>

#include "base/yaml_reader.h"
#include "cli/output.h"
#include "cli/terminal/terminal_text.h"
#include "cli/usage.h"
#include "contract/messages/prediction_json.h"

namespace hilum::cli {
namespace {

constexpr const char* exit_codes =
    "Exit codes:\n"
    "  0  done; for status: the node is well\n"
    "  1  not done, or not all of it; for status: the node is not well\n"
    "  2  not understood or not confirmed; nothing was done\n"
    "  3  the node cannot be asked: no configuration or database that can be\n"
    "     read, not permitted, or hilumd does not run or does not answer";

// --config and --json stand in the help of every verb, and may stand before and behind it.
void add_common_options(CLI::App& app, Context& context) {
    app.add_option("--config", context.config, "configuration file of the node")
        ->capture_default_str()
        ->each([&context](const std::string&) { context.config_named = true; });
    app.add_flag("--json", context.json, "print JSON instead of text");
    for (auto* verb : app.get_subcommands({})) add_common_options(*verb, context);
}

int carry_out(const Action& action, const Context& context) {
    try {
        return action(context);
    } catch (const nlohmann::json::exception& error) {
        return context.failed(
            {"protocol", std::string("an answer of the node cannot be read: ") + error.what()});
    }
}

}  // namespace

ExitCode exit_code_of(const Error& error) {
    static const std::set<std::string> usage = {"usage", "bad_request", "not_confirmed"};
    static const std::set<std::string> unreachable = {"configuration", "database",  "not_running",
                                                      "not_permitted", "no_answer", "protocol"};
    if (usage.contains(error.code)) return exit_usage;
    return unreachable.contains(error.code) ? exit_unreachable : exit_failed;
}

Result<Configuration> Context::configuration() const {
    auto loaded = load_configuration(config);
    if (loaded.problems.empty()) return std::move(loaded.configuration);
    std::string all;
    for (const auto& problem : loaded.problems) all += (all.empty() ? "" : "\n  ") + problem.text();
    return fail("configuration", "{}; --config names another configuration file", all);
}

bool Context::has_config() const {
    std::error_code ignored;
    return std::filesystem::exists(config, ignored);
}

int Context::failed(const Error& error) const {
    if (json)
        print_json(out, prediction_error_json(error));
    else
        err << "hilum: " << error.message << "\n";
    return exit_code_of(error);
}

namespace {

int parse_and_carry_out(std::vector<std::string> arguments, Context context, const Terminal& terminal) {
    Action action;
    CLI::App app(
        "The operator's command line of Hilum, a DICOM node that reads chest radiographs with a model",
        "hilum");
    app.set_version_flag("--version", HILUM_VERSION);
    app.footer(exit_codes);
    app.fallthrough();
    const Verb verbs(app, action);
    add_status_verb(verbs);
    add_studies_verb(verbs);
    add_jobs_verbs(verbs);
    add_result_verbs(verbs);
    add_destination_verbs(verbs);
    add_audit_verbs(verbs);
    add_retention_verb(verbs);
    add_token_verbs(verbs);
    add_database_verbs(verbs);
    add_dicom_verbs(verbs);
    add_predict_verb(verbs);
    add_model_verbs(verbs);
    add_dataset_verbs(verbs);
    add_phantom_verb(verbs);
    add_evaluate_verb(verbs);
    add_calibrate_verb(verbs);
    add_accept_verb(verbs);
    add_reader_study_verbs(verbs);
    add_common_options(app, context);
    std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants them
    try {
        app.parse(std::move(arguments));
    } catch (const CLI::CallForHelp&) {
        context.out << wrapped_help(app.help(), terminal.columns);
        return exit_ok;
    } catch (const CLI::ExtrasError&) {
        context.err << "hilum: " << what_was_not_expected(app) << "\n";
        return exit_usage;
    } catch (const CLI::ParseError& error) {
        return app.exit(error, context.out, context.err) == 0 ? exit_ok : exit_usage;
    }
    if (const auto chosen = app.get_subcommands(); chosen.size() > 1) {  // `hilum jobs status`
        context.err << "hilum: " << what_is_no_verb_of(*chosen[0], chosen[1]->get_name()) << "\n";
        return exit_usage;
    }
    if (!action) {  // a group alone
        context.err << wrapped_help(app.help(), terminal.columns);
        return exit_usage;
    }
    return carry_out(action, context);
}

}  // namespace

int run(std::vector<std::string> arguments, std::ostream& out, std::ostream& err, const Terminal& terminal) {
    PrintableStream printable_out(out), printable_err(err);
    const int code = parse_and_carry_out(
        std::move(arguments), {.out = printable_out, .err = printable_err, .terminal = terminal}, terminal);
    printable_out.flush();
    out.flush();
    if (printable_out && out) return code;
    printable_err << "hilum: the answer could not be written whole to standard output: is its disk full?\n";
    return code == exit_ok ? exit_failed : code;
}

}  // namespace hilum::cli
