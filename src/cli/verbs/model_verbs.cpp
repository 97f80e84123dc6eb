// hilum model inspect|verify|sign|reload: what a model package says of itself, whether it works, and who
// vouches for it.
#include "model/package/model_package.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>
#include <tuple>

#include "base/file_system.h"
#include "cli/command_line.h"
#include "cli/control_client.h"
#include "cli/output.h"
#include "cli/terminal/progress.h"
#include "model/package/label_checks.h"
#include "model/package/package_signature.h"
#include "model/process/model_process.h"

namespace hilum::cli {
namespace {

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const auto& word : words) text += (text.empty() ? "" : ", ") + word;
    return text.empty() ? "any" : text;
}

std::string age_range(const model::Acceptance& accepts) {
    const auto& [min, max] = std::tie(accepts.min_age_years, accepts.max_age_years);
    if (min && max) return fmt::format("{:g} to {:g} years", *min, *max);
    if (min) return fmt::format("{:g} years and older", *min);
    return max ? fmt::format("up to {:g} years", *max) : "any";
}

nlohmann::json problems_json(const ConfigurationProblems& problems) {
    auto list = nlohmann::json::array();
    for (const auto& problem : problems) list.push_back(problem.text());
    return list;
}

using Keys = std::vector<std::filesystem::path>;

// All problems of the package, its weights' digest among them.
ConfigurationProblems problems_of(const model::LoadedPackage& loaded) {
    auto problems = loaded.problems;
    if (problems.empty())
        if (const auto verified = model::verify_weights(loaded.package); !verified)
            problems.push_back({loaded.package.file.string(), 0, "", verified.error().message});
    return problems;
}

nlohmann::json package_json(const model::ModelPackage& package) {
    auto labels = nlohmann::json::array();
    for (const auto& label : package.labels)
        labels.push_back({{"name", label.name},
                          {"code", label.code},
                          {"threshold", label.threshold},
                          {"abnormal", label.abnormal}});
    return {{"name", package.name},
            {"version", package.version},
            {"notice", package.notice},
            {"cleared_for_clinical_use", package.cleared_for_clinical_use},
            {"file", package.file.string()},
            {"sha256", package.sha256},
            {"input",
             {{"rows", package.input.rows},
              {"columns", package.input.columns},
              {"channels", package.input.channels}}},
            {"accepts",
             {{"modalities", package.accepts.modalities},
              {"body_parts", package.accepts.body_parts},
              {"views", package.accepts.views},
              {"patient_age", age_range(package.accepts)}}},
            {"labels", std::move(labels)},
            {"indeterminate_margin", package.indeterminate_margin},
            {"calibration",
             {{"method", package.calibration.method},
              {"value", package.calibration.value},
              {"set", package.calibration.set}}},
            {"calibrated", package.calibrated()}};
}

void print_package(const Context& context, const model::ModelPackage& package, bool sound) {
    const auto line = [&](const char* name, const std::string& value) {
        print_wrapped(context.out, fmt::format("{:<14}", name), value, context.terminal.columns);
    };
    line("model", package.name + " " + package.version);
    line("notice", package.notice);
    line("clinical use", package.cleared_for_clinical_use ? "cleared" : "not cleared");
    line("weights", package.file.string());
    line("sha256", package.sha256 + (sound ? " (right)" : " (see the problems)"));
    line("input", fmt::format("{} x {} pixels, {} channel(s)", package.input.columns, package.input.rows,
                              package.input.channels));
    line("modalities", joined(package.accepts.modalities));
    line("body parts", joined(package.accepts.body_parts));
    line("views", joined(package.accepts.views));
    line("patient age", age_range(package.accepts));
    line("scores", package.calibrated() ? "calibrated probabilities, on " + package.calibration.set
                                        : "model scores, not calibrated");
    if (package.prediction_sets)
        line("indeterminate", fmt::format("unless one class alone is in the prediction set, of coverage {:g}",
                                          package.prediction_sets->coverage));
    else if (package.may_call_indeterminate())
        line("indeterminate",
             fmt::format("where the best two differ by less than {:g}", package.indeterminate_margin));
    context.out << "\n";
    Table table({{"LABEL", 16}, {"CODE", 16}, "THRESHOLD", "ABNORMAL"});
    for (const auto& label : package.labels)
        table.add({label.name,
                   label.code.value.empty() ? "" : label.code.value + " (" + label.code.scheme + ")",
                   fmt::format("{:g}", label.threshold), label.abnormal ? "yes" : "no"});
    table.print(context.out, context.terminal.columns);
}

int report_problems(const Context& context, const ConfigurationProblems& problems) {
    for (const auto& problem : problems) context.err << problem.text() << "\n";
    return problems.empty() ? exit_ok : exit_failed;
}

int inspect(const Context& context, const std::filesystem::path& folder) {
    const auto loaded = model::read_model_package(folder);
    const auto problems = problems_of(loaded);
    if (context.json) {
        auto json = package_json(loaded.package);
        json["problems"] = problems_json(problems);
        print_json(context.out, json);
        return problems.empty() ? exit_ok : exit_failed;
    }
    if (loaded.problems.empty()) print_package(context, loaded.package, problems.empty());
    return report_problems(context, problems);
}

struct Trial {
    nlohmann::json probe;  // null where the model does not run
    std::size_t golden_cases = 0, golden_right = 0;
    ConfigurationProblems problems;
};

// A mid-grey image through the model.
Result<nlohmann::json> probe(model::Predictor& predictor, const model::InputSpecification& input) {
    const std::vector<float> grey(static_cast<std::size_t>(input.channels) *
                                      static_cast<std::size_t>(input.rows) *
                                      static_cast<std::size_t>(input.columns),
                                  0.5F);
    const auto tensor = make_memfd("hilum-probe", std::as_bytes(std::span(grey)));
    if (!tensor) return tl::unexpected(tensor.error());
    const auto result = predictor.infer(tensor->get(), {1, input.channels, input.rows, input.columns});
    if (!result) return tl::unexpected(result.error());
    return nlohmann::json{{"device", result->device},
                          {"seconds", result->seconds},
                          {"outputs", result->labels.size()},
                          {"activation_maps", result->map_rows > 0}};
}

// Loads the model in a worker, which warms it up and so checks its shapes; runs the probe and every golden
// case, with the node's own decoder and worker.
Trial try_out(const model::ModelPackage& package, Progress& progress) {
    Trial trial;
    const auto note = [&](const std::filesystem::path& file, const Error& error) {
        trial.problems.push_back({file.string(), 0, "", error.message});
    };
    progress.say("loading the model");
    auto predictor = model::choose_package(package.folder).and_then(model::Predictor::start);
    if (!predictor) {
        note(package.file, predictor.error());
        return trial;
    }
    progress.say("running it");
    auto probed = probe(*predictor, package.input);
    if (probed)
        trial.probe = std::move(*probed);
    else
        note(package.file, probed.error());
    trial.golden_cases = predictor->worker().golden.size();
    for (std::size_t i = 0; i < trial.golden_cases; ++i) {
        progress.count("golden cases", i + 1, trial.golden_cases);
        if (const auto right = predictor->run_golden(i))
            ++trial.golden_right;
        else
            note(package.folder / "golden.yaml", right.error());
    }
    return trial;
}

std::string golden_text(const Trial& trial) {
    return trial.golden_cases == 0
               ? "it has no golden cases"
               : fmt::format("{} of {} golden cases right", trial.golden_right, trial.golden_cases);
}

int verify(const Context& context, const std::filesystem::path& folder, const Keys& signed_by) {
    const auto [loaded, signer] = model::read_vouched_package(folder, signed_by);
    Trial trial;
    Progress progress(context.terminal);
    progress.say("reading the package");
    auto problems = problems_of(loaded);
    if (problems.empty()) {
        trial = try_out(loaded.package, progress);
        problems = trial.problems;
    }
    progress.clear();
    auto warnings = model::letters_beyond_the_font(loaded.package);
    std::error_code ignored;
    if (signed_by.empty() && std::filesystem::exists(folder / model::sums_file, ignored))
        warnings.push_back(
            "the package is signed, and whether it was changed since was not looked at: --signed-by FILE "
            "does");
    if (context.json) {
        print_json(context.out, {{"valid", problems.empty()},
                                 {"problems", problems_json(problems)},
                                 {"warnings", warnings},
                                 {"probe", trial.probe},
                                 {"golden", {{"cases", trial.golden_cases}, {"right", trial.golden_right}}},
                                 {"name", loaded.package.name},
                                 {"version", loaded.package.version},
                                 {"sha256", loaded.package.sha256},
                                 {"signer", signer}});
        return problems.empty() ? exit_ok : exit_failed;
    }
    if (problems.empty())
        context.out << fmt::format(
            "{} {} works: {} outputs{}, {:.0f} ms an image on {}; {}\n", loaded.package.name,
            loaded.package.version, text_of(trial.probe, "outputs"),
            is_true(trial.probe, "activation_maps") ? " and activation maps" : "",
            trial.probe["seconds"].get<double>() * 1000, text_of(trial.probe, "device"), golden_text(trial));
    if (problems.empty() && !signer.empty()) context.out << "signed by the key " << signer << "\n";
    for (const auto& warning : warnings) context.err << "warning: " << warning << "\n";
    return report_problems(context, problems);
}

// Only a package that could be used is vouched for.
int sign(const Context& context, const std::filesystem::path& folder, const std::filesystem::path& key_file) {
    const auto key = SigningKey::read(key_file);
    if (!key) return context.failed(key.error());
    if (const auto problems = problems_of(model::read_model_package(folder)); !problems.empty())
        return report_problems(context, problems);
    if (const auto done = model::sign_package(folder, *key); !done) return context.failed(done.error());
    const auto& fingerprint = key->verification_key().fingerprint();
    if (context.json)
        print_json(context.out, {{"signer", fingerprint}});
    else
        context.out << fmt::format("{} is signed by the key {}\n", folder.string(), fingerprint);
    return exit_ok;
}

// Waits until the daemon has proved the new packages, or found that it cannot use them.
int reload(const Context& context, const std::string& model) {
    const auto configuration = context.configuration();
    if (!configuration) return context.failed(configuration.error());
    Progress progress(context.terminal);
    progress.say("the node loads and proves its models");
    const auto outcome =
        ask(configuration->node, {.verb = ControlVerb::model_reload, .model = model}, endless_patience);
    progress.clear();
    if (!outcome) return context.failed(outcome.error());
    const auto models = list_of(*outcome, "models");
    const auto went_well = [](const nlohmann::json& one) { return text_of(one, "error").empty(); };
    const auto problems = list_of(*outcome, "problems");
    const bool well = problems.empty() && std::all_of(models.begin(), models.end(), went_well);
    const int code = well ? exit_ok : exit_failed;
    if (context.json) {
        print_json(context.out, *outcome);
        return code;
    }
    for (const auto& one : models) {
        const auto name = text_of(one, "model");
        const auto before = text_of(one, "before"), error = text_of(one, "error");
        if (error.empty())
            context.out << fmt::format("{}: version {} serves now{}\n", name, text_of(one, "after"),
                                       before.empty() ? "" : ", in place of " + before);
        else
            context.err << fmt::format(
                "{}: not reloaded: {}\n{}\n", name, error,
                before.empty() ? "no version of it serves" : "version " + before + " goes on serving");
    }
    for (const auto& problem : problems)
        context.err << fmt::format("not reloaded, what was in use goes on: {}\n", problem.get<std::string>());
    return code;
}

}  // namespace

void add_model_verbs(const Verb& app) {
    const auto model = app.verb("model", "model packages");
    auto folder = std::make_shared<std::filesystem::path>();
    const auto inspect_verb = model.verb("inspect", "what a package says of itself");
    inspect_verb.option("DIR", *folder, "folder of the package").required();
    inspect_verb.does([folder](const Context& c) { return inspect(c, *folder); });
    const auto verify_verb =
        model.verb("verify", "check everything, load the model, run it and its golden cases");
    verify_verb.option("DIR", *folder, "folder of the package").required();
    auto signed_by = std::make_shared<Keys>();
    verify_verb.option("--signed-by", *signed_by,
                       "file of a public key; one of those given must vouch for it");
    verify_verb.does([folder, signed_by](const Context& c) { return verify(c, *folder, *signed_by); });
    const auto sign_verb =
        model.verb("sign", "vouch for every file of a package (SHA256SUMS and SHA256SUMS.sig)");
    auto key = std::make_shared<std::filesystem::path>();
    sign_verb.option("DIR", *folder, "folder of the package").required();
    sign_verb.option("--key", *key, "file of a private Ed25519 key in PEM, which nobody else may read")
        .required();
    sign_verb.does([folder, key](const Context& c) { return sign(c, *folder, *key); });
    auto name = std::make_shared<std::string>();
    const auto reload_verb =
        model.verb("reload", "replace the models of the running daemon by what lies in their folders now");
    reload_verb.option("MODEL", *name, "name of the package's folder; default: every model");
    reload_verb.does([name](const Context& c) { return reload(c, *name); });
}

}  // namespace hilum::cli
