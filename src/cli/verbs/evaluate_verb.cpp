// hilum evaluate: the figures of a model on images whose truth is known.
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>

#include "base/clock.h"
#include "base/output/output_folder.h"
#include "cli/command_line.h"
#include "cli/dataset_images.h"
#include "cli/model_scoring.h"
#include "cli/output.h"
#include "cli/terminal/progress.h"
#include "evaluation/figures/figures_json.h"
#include "evaluation/report/evaluation_page.h"
#include "evaluation/report/html.h"
#include "evaluation/report/predictions_csv.h"

namespace hilum::cli {
namespace {

using evaluation::EvaluatedSet;
using evaluation::ScoredSet;

struct EvaluateOptions {
    std::filesystem::path dataset, package, other_package, external, output;
    std::string split = "test", external_split = "all", prevalence;
    std::vector<std::string> renamed;  // "dataset's label=model's label"
    int bootstrap = 2000;
    std::uint64_t seed = 1;
    bool any_use = false;
    std::optional<std::filesystem::path> configuration;  // of the node as which images are judged
};

evaluation::MeasureSettings settings_of(const EvaluateOptions& options) {
    evaluation::MeasureSettings settings;
    if (!options.prevalence.empty()) settings.prevalence = number_within(options.prevalence, 0, 1);
    settings.bootstrap_rounds = options.bootstrap;
    settings.seed = options.seed;
    return settings;
}

class Evaluation {
  public:
    Evaluation(const Context& context, const EvaluateOptions& options)
        : context_(context),
          options_(options),
          settings_(settings_of(options)),
          progress_(context.terminal) {}

    Result<evaluation::EvaluationReport> run() {
        auto images = read_dataset_images(context_, options_.dataset, options_.split, options_.renamed);
        if (!images) return tl::unexpected(images.error());
        auto set = evaluated(options_.package, *images, dataset_name(options_.dataset, options_.split));
        if (!set) return tl::unexpected(set.error());
        report_ = {std::move(*set),       {}, {}, settings_, to_iso8601(now()).substr(0, 10),
                   "hilum " HILUM_VERSION};
        if (auto status = compare(*images); !status) return tl::unexpected(status.error());
        if (auto status = look_elsewhere(); !status) return tl::unexpected(status.error());
        return std::move(report_);
    }

  private:
    Result<EvaluatedSet> evaluated(const std::filesystem::path& package,
                                   const std::vector<LabelledImage>& images, const std::string& name) {
        auto scored =
            score_images(package, images, {name, options_.any_use, options_.configuration}, progress_);
        if (!scored) return tl::unexpected(scored.error());
        progress_.say("computing figures");
        auto set = evaluation::evaluated(std::move(*scored), settings_);
        progress_.clear();
        return set;
    }

    Status compare(const std::vector<LabelledImage>& images) {
        if (options_.other_package.empty()) return {};
        auto other =
            score_images(options_.other_package, images,
                         {report_.set.scored.set, options_.any_use, options_.configuration}, progress_);
        if (!other) return tl::unexpected(other.error());
        auto labels = evaluation::compare_models(report_.set.scored, *other, settings_.level);
        if (!labels) return tl::unexpected(labels.error());
        report_.comparison = {std::move(*other), std::move(*labels)};
        return {};
    }

    Status look_elsewhere() {
        if (options_.external.empty()) return {};
        auto images =
            read_dataset_images(context_, options_.external, options_.external_split, options_.renamed);
        if (!images) return tl::unexpected(images.error());
        auto set =
            evaluated(options_.package, *images, dataset_name(options_.external, options_.external_split));
        if (!set) return tl::unexpected(set.error());
        auto labels = evaluation::compare_sets(report_.set.scored, set->scored, settings_.level);
        if (!labels) return tl::unexpected(labels.error());
        report_.external = {std::move(*set), std::move(*labels)};
        return {};
    }

    const Context& context_;
    const EvaluateOptions& options_;
    const evaluation::MeasureSettings settings_;
    Progress progress_;
    evaluation::EvaluationReport report_;
};

nlohmann::json set_json(const EvaluatedSet& set) {
    auto json = evaluation::to_json(set.figures);
    json["set"] = set.scored.set;
    json["model"] = {
        {"name", set.scored.model}, {"version", set.scored.version}, {"sha256", set.scored.sha256}};
    if (auto node = evaluation::node_json(set.scored); !node.is_null()) json["node"] = std::move(node);
    json["subgroups"] = nlohmann::json::array();
    for (const auto& group : set.subgroups) json["subgroups"].push_back(evaluation::to_json(group));
    return json;
}

nlohmann::json report_json(const evaluation::EvaluationReport& report) {
    auto json = set_json(report.set);
    json["bootstrap"] = {{"rounds", report.settings.bootstrap_rounds}, {"seed", report.settings.seed}};
    if (report.comparison) {
        auto& comparison = json["comparison"];
        comparison["model"] = {{"name", report.comparison->other.model},
                               {"version", report.comparison->other.version}};
        if (auto node = evaluation::node_json(report.comparison->other); !node.is_null())
            comparison["node"] = std::move(node);
        for (const auto& label : report.comparison->labels)
            comparison["labels"].push_back(evaluation::to_json(label));
    }
    if (report.external) {
        json["external"] = set_json(report.external->set);
        for (const auto& label : report.external->labels)
            json["external"]["drop"].push_back(evaluation::to_json(label));
    }
    return json;
}

Status write_all_files(const evaluation::EvaluationReport& report, const nlohmann::json& json,
                       const std::filesystem::path& place) {
    auto output = OutputFolder::begin(place);
    if (!output) return tl::unexpected(output.error());
    std::vector<std::pair<std::string, std::string>> files{
        {"report.html", evaluation::evaluation_page(report)},
        {"figures.json", json.dump(1) + "\n"},
        {"predictions.csv", evaluation::predictions_csv(report.set.scored)}};
    if (report.comparison)
        files.emplace_back("compared-predictions.csv", evaluation::predictions_csv(report.comparison->other));
    if (report.external)
        files.emplace_back("external-predictions.csv",
                           evaluation::predictions_csv(report.external->set.scored));
    for (const auto& [name, text] : files)
        if (auto status = output->write(name, text); !status) return status;
    return output->finish();
}

void print_set(const Context& context, const EvaluatedSet& set) {
    context.out << set.scored.set << ": " << set.figures.cases << " images, " << set.scored.unscored.size()
                << " not analysed\n";
    print_figures(context, set.figures.labels);
}

int evaluate(const Context& context, const EvaluateOptions& options) {
    if (const auto free = OutputFolder::is_free(options.output); !free) return context.failed(free.error());
    const auto report = Evaluation(context, options).run();
    if (!report) return context.failed(report.error());
    const auto json = report_json(*report);
    if (const auto status = write_all_files(*report, json, options.output); !status)
        return context.failed(status.error());
    if (context.json) {
        print_json(context.out, json);
        return exit_ok;
    }
    print_set(context, report->set);
    if (report->comparison)
        for (const auto& label : report->comparison->labels)
            context.out << label.label << ": " << label.words << "\n";
    if (report->external) {
        print_set(context, report->external->set);
        for (const auto& label : report->external->labels)
            context.out << label.label << ": " << label.words << "\n";
    }
    context.out << "The report: " << (options.output / "report.html").string() << "\n";
    return exit_ok;
}

}  // namespace

void add_evaluate_verb(const Verb& app) {
    auto options = std::make_shared<EvaluateOptions>();
    const std::vector<std::string> splits{"training", "validation", "calibration", "test", "all"};
    const auto verb =
        app.verb("evaluate", "a model's figures on images whose truth is known; needs no running node");
    verb.option("DATASET", options->dataset, "folder that hilum dataset made").required();
    verb.option("--package", options->package, "the model package's folder").required();
    verb.option("--output", options->output, "new folder for report.html, figures.json and predictions.csv")
        .required();
    verb.option("--split", options->split, "which images").shows_default().one_of(splits);
    verb.option("--compare", options->other_package, "another package, judged on the same images");
    const auto external = verb.option("--external", options->external, "dataset of another hospital");
    verb.option("--external-split", options->external_split, "which of its images")
        .shows_default()
        .one_of(splits)
        .needs(external);
    verb.option("--prevalence", options->prevalence,
                "of the findings where the model will work, for predictive values")
        .checked("NUMBER", number_between(0, 1, "0.05"));
    verb.option("--rename", options->renamed, "a label of the dataset, and the model's name for it")
        .checked("LABEL=NAME", problem_of_renaming);
    verb.option("--bootstrap", options->bootstrap, "rounds that draw patients; 0: none")
        .shows_default()
        .between(0, 100'000);
    verb.option("--seed", options->seed, "of the bootstrap").shows_default();
    verb.flag("--any-use", options->any_use, "judge images outside of the package's intended use too");
    verb.does([options](const Context& c) {
        options->configuration = c.named_config();
        return evaluate(c, *options);
    });
}

}  // namespace hilum::cli
