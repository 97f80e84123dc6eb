#include "hilum/command_line.h"

#include <algorithm>
#include <ostream>

#include "base/yaml_reader.h"
#include "hilum/output.h"
#include "pipeline/types/prediction_json.h"

namespace hilum::cli {

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
    return exit_failed;
}

int run(std::vector<std::string> arguments, std::ostream& out, std::ostream& err) {
    Context context{.out = out, .err = err};
    Action action;
    CLI::App app(
        "The operator's command line of Hilum, a DICOM node that reads chest radiographs with a model",
        "hilum");
    app.set_version_flag("--version", HILUM_VERSION);
    app.add_option("--config", context.config, "configuration file of the node")->capture_default_str();
    app.add_flag("--json", context.json, "print JSON instead of tables");
    app.fallthrough();
    app.require_subcommand(1);
    add_status_verb(app, action);
    add_jobs_verbs(app, action);
    add_result_verbs(app, action);
    add_destination_verbs(app, action);
    add_audit_verbs(app, action);
    add_dicom_verbs(app, action);
    add_predict_verb(app, action);
    add_model_verbs(app, action);
    add_phantom_verb(app, action);
    std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants them
    try {
        app.parse(std::move(arguments));
    } catch (const CLI::ParseError& error) {
        return app.exit(error, out, err) == 0 ? exit_ok : exit_usage;
    }
    return action(context);
}

}  // namespace hilum::cli
