// hilum calibrate: a new version of a model package whose probabilities hold on a hospital's images, and that
// says when it does not know.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <span>

#include "base/file_system.h"
#include "base/output/output_folder.h"
#include "cli/command_line.h"
#include "cli/dataset_images.h"
#include "cli/model_scoring.h"
#include "cli/output.h"
#include "cli/terminal/progress.h"
#include "evaluation/calibration/package_calibration.h"
#include "evaluation/figures/figures_json.h"
#include "evaluation/report/html.h"
#include "model/package/package_signature.h"

namespace hilum::cli {
namespace {

using evaluation::FittedCalibration;

struct CalibrateOptions {
    std::filesystem::path dataset, package, output;
    std::string split = "calibration", version, method = "temperature";
    std::string coverage, prevalence;
    AimWords aim;
    std::vector<std::string> renamed;
    std::uint64_t seed = 1;
    bool any_use = false;
    std::optional<std::filesystem::path> configuration;  // of the node as which images are judged
};

constexpr std::size_t largest_card = 16 << 20;
constexpr const char* metrics_name = "metrics.json";

// The card, where there is one, tells of the version before.
Status note_in_card(const OutputFolder& package, const std::string& words) {
    const auto file = package.folder() / "MODEL_CARD.md";
    if (!std::filesystem::exists(file)) return {};
    auto card = read_file(file, largest_card);
    if (!card) return tl::unexpected(card.error());
    const auto title_ends = std::min(card->find('\n'), card->size());
    card->insert(title_ends, "\n\n> " + words);
    return write_file_durably(file, std::as_bytes(std::span(*card)));
}

// All files of the package but model.yaml, which is `yaml`, and what is of the version before: its signature
// and its figures.
Status write_package(const std::filesystem::path& from, const std::string& yaml, const std::string& words,
                     const std::filesystem::path& to) {
    auto output = OutputFolder::begin(to);
    if (!output) return tl::unexpected(output.error());
    std::error_code error;
    std::filesystem::copy(from, output->folder(), std::filesystem::copy_options::recursive, error);
    for (const char* gone : {"model.yaml", metrics_name, model::sums_file, model::signature_file})
        if (!error) std::filesystem::remove(output->folder() / gone, error);
    if (error)
        return fail("unwritable", "cannot copy {} to {}: {}", from.string(), to.string(), error.message());
    if (auto status = output->write("model.yaml", yaml); !status) return status;
    if (auto status = note_in_card(*output, words); !status) return status;
    return output->finish();
}

struct Calibrated {
    FittedCalibration fitted;
    std::string set;
    std::vector<std::string> labels;
    std::vector<std::string> changes;  // in sentences: what else of the package was dropped, kept or moved
    nlohmann::json node;               // evaluation::node_json()
};

void tell_of_thresholds(const FittedCalibration& fitted, const model::ModelPackage& before,
                        std::vector<std::string>& changes) {
    for (std::size_t i = 0; i < fitted.carried.size(); ++i) {
        const auto& one = fitted.carried[i];
        const auto from = fmt::format("{:.6g}", one.before), to = fmt::format("{:.6g}", one.after);
        const auto words =
            from == to ? fmt::format("The threshold of '{}' stays at {}", before.labels[i].name, to)
                       : fmt::format("The threshold of '{}' moved with its probabilities, from {} to {}",
                                     before.labels[i].name, from, to);
        changes.push_back(
            one.changed == 0
                ? words + ": the decisions on all images are those of before."
                : fmt::format("{}; {} images are decided otherwise than before: find a threshold with "
                              "--sensitivity, --specificity or --cost.",
                              words, one.changed));
    }
}

// What was measured on the probabilities of before does not hold of those of now.
std::vector<std::string> changes_of(const FittedCalibration& fitted, const model::ModelPackage& before,
                                    const model::ModelPackage& after, const evaluation::ScoredSet& scored) {
    std::vector<std::string> changes;
    tell_of_thresholds(fitted, before, changes);
    if (before.prediction_sets && !fitted.sets)
        changes.push_back(fmt::format(
            "The prediction sets are left out: they were measured on the probabilities of before. "
            "An indeterminate_margin of {:g} says what is indeterminate; --coverage measures "
            "sets anew.",
            after.indeterminate_margin));
    if (!before.prediction_sets && !fitted.sets && after.indeterminate_margin > 0)
        changes.push_back(
            fmt::format("The indeterminate_margin of {:g} is kept, and is one of the "
                        "probabilities of now.",
                        after.indeterminate_margin));
    if (std::error_code ignored; std::filesystem::exists(before.folder / metrics_name, ignored))
        changes.push_back(
            fmt::format("{} is left out: its figures are of version {}. hilum accept --maker names them.",
                        metrics_name, before.version));
    if (!scored.site_thresholds.empty())
        changes.push_back(
            fmt::format("{} has thresholds for this package, which are of the probabilities of before: find "
                        "others (hilum accept) before this version serves.",
                        scored.node_configuration));
    return changes;
}

// Each behind a blank.
std::string appended(const std::vector<std::string>& all) {
    std::string text;
    for (const auto& one : all) text += " " + one;
    return text;
}

Result<Calibrated> calibrate(const Context& context, const CalibrateOptions& options) {
    auto loaded = model::read_model_package(options.package);
    if (!loaded.problems.empty()) return fail("configuration", "{}", loaded.problems.front().text());
    const auto images = read_dataset_images(context, options.dataset, options.split, options.renamed);
    if (!images) return tl::unexpected(images.error());
    Progress progress(context.terminal);
    const auto scored = score_images(
        options.package, *images,
        {dataset_name(options.dataset, options.split), options.any_use, options.configuration}, progress);
    if (!scored) return tl::unexpected(scored.error());
    evaluation::CalibrationWishes wishes;
    wishes.method = options.method;
    if (!options.coverage.empty()) wishes.coverage = number_within(options.coverage, 0.5, 0.9991);
    wishes.aim = aim_of(options.aim, options.prevalence);
    wishes.seed = options.seed;
    auto fitted = evaluation::fit_calibration(*scored, loaded.package.activation, wishes);
    if (!fitted) return tl::unexpected(fitted.error());
    if (!wishes.aim && !scored->exclusive)
        fitted->carried = evaluation::carried_thresholds(loaded.package, fitted->calibration, *scored);
    const auto yaml = evaluation::calibrated_yaml(loaded.package.yaml, *fitted, options.version);
    if (!yaml) return tl::unexpected(yaml.error());
    // What is written must be read again; a name of a dataset may be no text for model.yaml.
    const auto again = model::parse_model_yaml(*yaml, options.package);
    if (!again.problems.empty()) return fail("configuration", "{}", again.problems.front().text());
    auto changes = changes_of(*fitted, loaded.package, again.package, *scored);
    const auto words = fmt::format(
        "Version {}: calibrated by hilum calibrate ({}) on {}.{} What follows was written of version {}, "
        "before that.",
        options.version, fitted->calibration.method, scored->set, appended(changes), loaded.package.version);
    if (auto status = write_package(options.package, *yaml, words, options.output); !status)
        return tl::unexpected(status.error());
    return Calibrated{std::move(*fitted), scored->set, scored->labels, std::move(changes),
                      evaluation::node_json(*scored)};
}

nlohmann::json to_json(const Calibrated& calibrated) {
    const auto& fitted = calibrated.fitted;
    nlohmann::json json{{"set", calibrated.set},
                        {"method", fitted.calibration.method},
                        {"fitted_on", fitted.first_half},
                        {"measured_on", fitted.second_half},
                        {"changes", calibrated.changes}};
    if (!calibrated.node.is_null()) json["node"] = calibrated.node;
    if (fitted.calibration.method == "temperature") json["temperature"] = fitted.calibration.value;
    for (std::size_t i = 0; i < fitted.gains.size(); ++i) {
        const auto& gain = fitted.gains[i];
        nlohmann::json label{{"label", gain.label},
                             {"brier", {gain.brier_before, gain.brier_after}},
                             {"calibration_error", {gain.error_before, gain.error_after}}};
        if (fitted.sets) label["least"] = fitted.sets->least[i];
        if (!fitted.thresholds.empty()) {
            const auto& point = fitted.thresholds[i];
            label["threshold"] = point.threshold;
            label["sensitivity"] = {point.sensitivity.value, point.sensitivity.interval.low,
                                    point.sensitivity.interval.high};
            label["specificity"] = {point.specificity.value, point.specificity.interval.low,
                                    point.specificity.interval.high};
        }
        if (!fitted.carried.empty()) {
            label["threshold"] = fitted.carried[i].after;
            label["threshold_before"] = fitted.carried[i].before;
            label["decisions_changed"] = fitted.carried[i].changed;
        }
        json["labels"].push_back(std::move(label));
    }
    return json;
}

std::string threshold_text(const FittedCalibration& fitted, std::size_t label) {
    if (!fitted.thresholds.empty()) return evaluation::number_text(fitted.thresholds[label].threshold);
    return fitted.carried.empty() ? "-" : evaluation::number_text(fitted.carried[label].after);
}

void print(const Context& context, const Calibrated& calibrated, const std::filesystem::path& output) {
    const auto& fitted = calibrated.fitted;
    context.out << fmt::format("{} on {}: fitted on {} images, measured on {} of other patients\n",
                               fitted.calibration.method, calibrated.set, fitted.first_half,
                               fitted.second_half);
    Table table({"FINDING", "BRIER", "AFTER", "ECE", "AFTER ", "IN SET FROM", "THRESHOLD", "SENSITIVITY",
                 "SPECIFICITY"});
    for (std::size_t i = 0; i < fitted.gains.size(); ++i) {
        const auto& gain = fitted.gains[i];
        const bool point = !fitted.thresholds.empty();
        using evaluation::figure_text;
        using evaluation::number_text;
        table.add({gain.label, number_text(gain.brier_before), number_text(gain.brier_after),
                   number_text(gain.error_before), number_text(gain.error_after),
                   fitted.sets ? number_text(fitted.sets->least[i]) : "-", threshold_text(fitted, i),
                   point ? figure_text(fitted.thresholds[i].sensitivity) : "-",
                   point ? figure_text(fitted.thresholds[i].specificity) : "-"});
    }
    table.print(context.out, context.terminal.columns);
    for (const auto& words : calibrated.changes)
        print_wrapped(context.out, "", words, context.terminal.columns);
    context.out << "The package: " << output.string() << "\n";
}

int run_calibrate(const Context& context, const CalibrateOptions& options) {
    if (const auto free = OutputFolder::is_free(options.output); !free) return context.failed(free.error());
    const auto calibrated = calibrate(context, options);
    if (!calibrated) return context.failed(calibrated.error());
    if (context.json)
        print_json(context.out, to_json(*calibrated));
    else
        print(context, *calibrated, options.output);
    return exit_ok;
}

}  // namespace

void add_calibrate_verb(const Verb& app) {
    auto options = std::make_shared<CalibrateOptions>();
    const auto verb =
        app.verb("calibrate", "a version of a model package whose probabilities hold on a dataset");
    verb.option("DATASET", options->dataset, "folder that hilum dataset made").required();
    verb.option("--package", options->package, "the model package's folder").required();
    verb.option("--output", options->output, "new folder for the calibrated package").required();
    verb.option("--new-version", options->version, "of the calibrated package").required();
    verb.option("--split", options->split, "which images; none that the model learned from")
        .shows_default()
        .one_of({"validation", "calibration", "test", "all"});
    verb.option("--method", options->method, "how")
        .shows_default()
        .one_of({"temperature", "platt", "isotonic"});
    verb.option("--coverage", options->coverage,
                "say 'indeterminate' unless one class alone is left at this coverage")
        .checked("NUMBER", number_between(0.5, 0.9991, "0.9"));
    auto sensitivity =
        verb.option("--sensitivity", options->aim.sensitivity, "choose thresholds that reach it")
            .checked("NUMBER", number_between(0, 1, "0.95"));
    auto specificity =
        verb.option("--specificity", options->aim.specificity, "choose thresholds that keep it")
            .checked("NUMBER", number_between(0, 1, "0.9"))
            .excludes(sensitivity);
    auto prevalence = verb.option("--prevalence", options->prevalence, "of the findings, for --cost")
                          .checked("NUMBER", number_between(0, 1, "0.05"));
    verb.option("--cost", options->aim.cost,
                "choose thresholds where a missed case costs so many false alarms")
        .checked("NUMBER", number_between(0, 1e6, "10"))
        .excludes(sensitivity)
        .excludes(specificity)
        .needs(prevalence);
    verb.option("--rename", options->renamed, "a label of the dataset, and the model's name for it")
        .checked("LABEL=NAME", problem_of_renaming);
    verb.option("--seed", options->seed, "of the halving by patient").shows_default();
    verb.flag("--any-use", options->any_use, "judge images outside of the package's intended use too");
    verb.does([options](const Context& c) {
        options->configuration = c.named_config();
        return run_calibrate(c, *options);
    });
}

}  // namespace hilum::cli
