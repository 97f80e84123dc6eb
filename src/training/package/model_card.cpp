#include "training/package/model_card.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "evaluation/dataset/summary.h"
#include "evaluation/figures/figures_json.h"
#include "evaluation/report/html.h"
#include "training/package/markdown.h"

namespace hilum::training {
namespace {

using evaluation::figure_text;
using nlohmann::json;

constexpr std::size_t few_images = 50;  // of a label in training: told as a limit

json counts_of(const TrainedModel& model) {
    return dataset::summary_of(model.data.images, {}, {})["splits"];
}

// An object of `json`, or an empty one.
json object_in(const json& from, const char* key) {
    return from.is_object() && from.contains(key) && from[key].is_object() ? from[key] : json::object();
}

std::string count_text(const json& from, const std::string& key) {
    return from.contains(key) && from[key].is_number_integer() ? from[key].dump() : "-";
}

std::string identity(const TrainedModel& model) {
    const auto& package = model.package;
    return fmt::format("# {} {}\n\n**{}.** Written by hilum-train {}; not cleared for clinical use.\n",
                       literal(package.name), literal(package.version), literal(package.notice),
                       HILUM_VERSION);
}

std::string listed(const std::vector<std::string>& values) {
    return values.empty() ? "any" : literal(fmt::format("{}", fmt::join(values, ", ")));
}

std::string ages(const model::Acceptance& accepts) {
    if (!accepts.min_age_years && !accepts.max_age_years) return "any";
    if (!accepts.max_age_years) return fmt::format("from {:.4g} years", *accepts.min_age_years);
    return fmt::format("{:.4g} to {:.4g} years", accepts.min_age_years.value_or(0), *accepts.max_age_years);
}

std::string use(const TrainedModel& model) {
    const auto& accepts = model.package.accepts;
    std::string text = "\n## Intended use\n\n";
    text +=
        model.intended_use.empty() ? "Nobody has stated one: research only." : literal(model.intended_use);
    text += "\n\n" + markdown_table(Cells::words, {"accepted", ""},
                                    {{"modality", listed(accepts.modalities)},
                                     {"body part", listed(accepts.body_parts)},
                                     {"view", listed(accepts.views)},
                                     {"age", ages(accepts)}});
    const bool exclusive = model.package.activation == model::Activation::softmax;
    std::vector<std::vector<std::string>> labels;
    for (const auto& label : model.package.labels)
        labels.push_back(
            {literal(label.name),
             label.code.value.empty() ? "-" : literal(label.code.value + ", " + label.code.scheme),
             exclusive ? "-" : fmt::format("{:.4g}", label.threshold), label.abnormal ? "yes" : "no"});
    return text +
           fmt::format("\nIt answers with {}:\n\n",
                       exclusive ? "one of these labels" : "each of these findings by itself") +
           markdown_table(Cells::words, {"label", "code", "threshold", "abnormal"}, labels);
}

// How many images were left after each step, and why the others were not.
std::string flow_of(const TrainedModel& model, const json& dataset) {
    const json flow = object_in(dataset, "flow");
    std::string text = "How the images were chosen is not told: the dataset has no dataset.json.\n";
    if (!flow.empty()) {
        std::vector<std::vector<std::string>> rows;
        for (const auto& [key, words] : {std::pair("found", "files found"),
                                         {"labelled", "of these, with a label"},
                                         {"read", "of these, that could be decoded"},
                                         {"kept", "of these, in the dataset"}})
            rows.push_back({words, count_text(flow, key)});
        text = markdown_table(Cells::numbers, {"step", "images"}, rows);
    }
    std::vector<std::vector<std::string>> reasons;
    const json excluded = object_in(flow, "excluded");
    for (const auto& [reason, count] : excluded.items())
        reasons.push_back({"left out: " + literal(reason), count_text(excluded, reason)});
    for (const auto& [reason, count] : model.unread)
        reasons.push_back({"not read in training: " + literal(reason), std::to_string(count)});
    if (!reasons.empty()) text += "\n" + markdown_table(Cells::numbers, {"reason", "images"}, reasons);
    return text + "\n";
}

// One table for each of the things that are counted, a column for each split.
std::string counts(const json& splits) {
    std::vector<std::string> head{""};
    std::vector<std::string> images{"images"}, patients{"patients"};
    for (const auto& [split, of_it] : splits.items()) {
        head.push_back(split == "none" ? "no split" : split);
        images.push_back(count_text(of_it, "images"));
        patients.push_back(count_text(of_it, "patients"));
    }
    std::string text = markdown_table(Cells::numbers, head, {images, patients});
    for (const auto& [key, title] : {std::pair("label", "label"),
                                     {"view", "view"},
                                     {"sex", "sex"},
                                     {"age", "age, years"},
                                     {"manufacturer", "manufacturer"},
                                     {"site", "site"}}) {
        std::set<std::string> values;
        for (const auto& of_it : splits) {
            const json counted = object_in(of_it, key);
            for (const auto& [value, count] : counted.items()) values.insert(value);
        }
        std::vector<std::vector<std::string>> rows;
        for (const auto& value : values) {
            std::vector<std::string> row{literal(value)};
            for (const auto& of_it : splits) {
                const json counted = object_in(of_it, key);
                row.push_back(counted.contains(value) ? count_text(counted, value) : "0");
            }
            rows.push_back(std::move(row));
        }
        head[0] = title;
        text += "\n" + markdown_table(Cells::numbers, head, rows);
    }
    return text;
}

std::string data(const TrainedModel& model, const std::string& dataset_json) {
    const json dataset = json::parse(dataset_json, nullptr, /*allow_exceptions=*/false);
    if (model.data.images.empty()) return "\n## Data\n\nWhat it learned from is not told.\n";
    return "\n## Data\n\n" + flow_of(model, dataset) + counts(counts_of(model)) +
           "\nThe test split, where there is one, was not seen in training.\n";
}

std::string training(const TrainedModel& model) {
    std::string text = "\n## Training\n\n";
    std::vector<std::vector<std::string>> rows;
    for (const auto& [setting, value] : model.recipe) rows.push_back({literal(setting), literal(value)});
    text += markdown_table(Cells::words, {"setting", "value"}, rows);
    if (model.epochs.empty()) return text;
    text += "\n![Loss by epoch](curves.svg)\n";
    const auto best = std::ranges::find(model.epochs, model.best_epoch, &Epoch::number);
    if (best == model.epochs.end()) return text;
    text += fmt::format("\nThe weights are those of epoch {} of {}: training loss {:.4f}", best->number,
                        model.epochs.back().number, best->training_loss);
    if (best->validation_loss) text += fmt::format(", validation loss {:.4f}", *best->validation_loss);
    if (best->validation_area)
        text += fmt::format(", area under the ROC curve on validation {:.3f}", *best->validation_area);
    return text + ".\n";
}

std::string figures_of(const HandedFigures& handed) {
    const auto& figures = handed.figures;
    std::string text =
        fmt::format("\n### {} ({})\n\n{} images of {} patients", literal(handed.set),
                    handed.external ? "external" : "internal", figures.cases, figures.patients);
    std::size_t unscored = 0;
    for (const auto& [code, count] : figures.unscored) unscored += count;
    if (unscored > 0) text += fmt::format("; {} more were not judged", unscored);
    text += ".";
    if (figures.accuracy) text += fmt::format(" Accuracy {}.", figure_text(figures.accuracy));
    std::vector<std::vector<std::string>> rows;
    for (const auto& label : figures.labels)
        rows.push_back(
            {literal(label.label), std::to_string(label.counts.true_positive + label.counts.false_negative),
             figure_text(label.area), figure_text(label.sensitivity), figure_text(label.specificity)});
    return text + "\n\n" +
           markdown_table(Cells::numbers,
                          {"finding", "with it", "area under the ROC curve", "sensitivity", "specificity"},
                          rows) +
           "\nIn brackets 95 % intervals: DeLong's of areas, Wilson's of shares.\n";
}

std::string figures(const TrainedModel& model) {
    std::string text = "\n## Figures\n";
    if (model.figures.empty()) return text + "\nNone were measured yet: `hilum evaluate` does.\n";
    for (const auto& handed : model.figures) text += figures_of(handed);
    return text;
}

std::size_t count_in(const json& splits, const char* split, const char* what, const std::string& value) {
    const json counted = object_in(object_in(splits, split), what);
    return counted.contains(value) ? counted[value].get<std::size_t>() : 0;
}

void add_limits_of_data(const TrainedModel& model, const json& splits, std::vector<std::string>& sentences) {
    for (const auto& label : model.package.labels)
        if (const auto count = count_in(splits, "training", "label", label.name); count < few_images)
            sentences.push_back(
                fmt::format("{} was learned from {} images only.", literal(label.name), count));
    const auto sites = object_in(object_in(splits, "training"), "site");
    if (sites.size() == 1)
        sentences.emplace_back("All training images are of one site, or of sites not told.");
    for (const auto* key : {"sex", "age"})
        if (const auto count = count_in(splits, "training", key, "unknown"); count > 0)
            sentences.push_back(fmt::format("The {} of {} training images is not known.", key, count));
}

std::string limits(const TrainedModel& model) {
    std::vector<std::string> sentences;
    for (const auto& words : model.limits) sentences.push_back(literal(words));
    if (std::ranges::none_of(model.figures, &HandedFigures::external))
        sentences.emplace_back("No figures of another hospital are known: how it does elsewhere is open.");
    sentences.emplace_back("Its scores are no probabilities until `hilum calibrate` made them such.");
    if (!model.data.images.empty()) add_limits_of_data(model, counts_of(model), sentences);
    if (model.golden.empty())
        sentences.emplace_back(
            "The package has no golden cases: a node cannot prove that it still says the same.");
    return fmt::format("\n## Limits\n\n- {}\n", fmt::join(sentences, "\n- "));
}

json epochs_json(const TrainedModel& model) {
    json epochs = json::array();
    for (const auto& epoch : model.epochs) {
        json one{{"epoch", epoch.number},
                 {"learning_rate", epoch.learning_rate},
                 {"training_loss", epoch.training_loss}};
        if (epoch.validation_loss) one["validation_loss"] = *epoch.validation_loss;
        if (epoch.validation_area) one["validation_area"] = *epoch.validation_area;
        epochs.push_back(std::move(one));
    }
    return epochs;
}

}  // namespace

std::string model_card(const TrainedModel& model, const std::string& dataset_json) {
    return identity(model) + use(model) + data(model, dataset_json) + training(model) + figures(model) +
           limits(model);
}

std::string metrics_json(const TrainedModel& model, const std::string& dataset_json,
                         const std::string& weights_sha256) {
    const json dataset = json::parse(dataset_json, nullptr, /*allow_exceptions=*/false);
    json measured = json::array();
    for (const auto& handed : model.figures) {
        json one = evaluation::to_json(handed.figures);
        one["set"] = handed.set;
        one["external"] = handed.external;
        measured.push_back(std::move(one));
    }
    const json metrics{
        {"name", model.package.name},
        {"version", model.package.version},
        {"weights_sha256", weights_sha256},
        {"hilum", HILUM_VERSION},
        {"data",
         {{"flow", object_in(dataset, "flow")}, {"splits", counts_of(model)}, {"unread", model.unread}}},
        {"recipe", model.recipe},
        {"epochs", epochs_json(model)},
        {"best_epoch", model.best_epoch},
        {"figures", measured}};
    return metrics.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace hilum::training
