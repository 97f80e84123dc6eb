#include "evaluation/acceptance/site_thresholds.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cmath>

#include "evaluation/figures/halving.h"
#include "evaluation/report/html.h"

namespace hilum::evaluation {
namespace {

using statistics::Aim;
using Proof = SiteThreshold::Proof;

statistics::Scores scores_in(const std::vector<const ScoredCase*>& cases, std::size_t label) {
    statistics::Scores scores;
    for (const auto* one : cases)
        (one->truth[label] ? scores.positive : scores.negative).push_back(one->probabilities[label]);
    return scores;
}

struct Rates {
    std::int64_t found = 0, spared = 0;  // positive cases called, negative ones not called
};

Rates rates_at(const statistics::Scores& scores, double threshold) {
    const auto called = [&](double score) { return score >= threshold; };
    return {std::ranges::count_if(scores.positive, called),
            std::ssize(scores.negative) - std::ranges::count_if(scores.negative, called)};
}

double cost_at(const statistics::Scores& scores, double threshold, const Aim& aim) {
    const auto rates = rates_at(scores, threshold);
    const double missed = 1 - static_cast<double>(rates.found) / static_cast<double>(scores.positive.size());
    const double alarmed =
        1 - static_cast<double>(rates.spared) / static_cast<double>(scores.negative.size());
    return aim.value * aim.prevalence * missed + (1 - aim.prevalence) * alarmed;
}

Proof proof_of(const SiteThreshold& one, const statistics::Scores& second, const Aim& aim) {
    if (aim.kind == Aim::Kind::cost)
        return cost_at(second, *one.chosen, aim) <= cost_at(second, one.deployed, aim) ? Proof::reached
                                                                                       : Proof::missed;
    const auto& figure = aim.kind == Aim::Kind::sensitivity ? *one.sensitivity : *one.specificity;
    if (figure.interval.low >= aim.value) return Proof::reached;
    return figure.interval.high < aim.value ? Proof::missed : Proof::in_keeping;
}

std::string proof_words(const SiteThreshold& one, const Aim& aim) {
    const auto figures = fmt::format(
        "chosen on half of the patients; on the other half it has a sensitivity of {} on {} images with it "
        "and a specificity of {} on {} without",
        figure_text(one.sensitivity), one.positive, figure_text(one.specificity), one.negative);
    const bool cost = aim.kind == Aim::Kind::cost;
    switch (one.proof) {
        case Proof::reached:
            return cost ? figures + ": it costs no more than the deployed threshold there."
                        : figures + ": the aim is reached, with the whole interval.";
        case Proof::in_keeping:
            return figures +
                   ": in keeping with the aim, which lies within the interval; more images would "
                   "prove it.";
        case Proof::missed:
            break;
    }
    return figures + (cost ? ": it costs more than the deployed threshold there, and is not to be taken."
                           : ": the aim is missed, and the threshold is not to be taken.");
}

SiteThreshold threshold_of(const Halves& halves, std::size_t label, const ScoredSet& set, const Aim& aim) {
    SiteThreshold one;
    one.label = set.labels[label];
    one.deployed = set.thresholds[label];
    const auto first = scores_in(halves.first, label), second = scores_in(halves.second, label);
    one.positive = std::ssize(second.positive);
    one.negative = std::ssize(second.negative);
    const auto fewest =
        std::min({std::ssize(first.positive), std::ssize(first.negative), one.positive, one.negative});
    if (fewest < least_for_threshold) {
        one.words = fmt::format(
            "no threshold could be chosen: a half of the patients has {} images of a kind, and {} are the "
            "least",
            fewest, least_for_threshold);
        return one;
    }
    const auto point = statistics::operating_point(first, aim);
    if (!point) {
        one.words = "no threshold could be chosen: " + point.error().message;
        return one;
    }
    one.at_choice = *point;
    // As it will be written: what is proved is what is taken. Thresholds lie between scores, so that the
    // sixth digit moves no case but those that hardly differ.
    one.chosen = std::clamp(std::round(point->threshold * 1e6) / 1e6, 0.0, 1.0);
    const auto rates = rates_at(second, *one.chosen);
    one.sensitivity = statistics::wilson(rates.found, one.positive);
    one.specificity = statistics::wilson(rates.spared, one.negative);
    one.proof = proof_of(one, second, aim);
    one.words = proof_words(one, aim);
    return one;
}

// A comment of several lines, whatever is in the text.
std::string comment(std::string text) {
    std::ranges::replace(text, '\r', ' ');
    std::ranges::replace(text, '\n', ' ');
    return "# " + text + "\n";
}

}  // namespace

std::string words_of(const Aim& aim) {
    switch (aim.kind) {
        case Aim::Kind::sensitivity:
            return fmt::format("a sensitivity of {:g}", aim.value);
        case Aim::Kind::specificity:
            return fmt::format("a specificity of {:g}", aim.value);
        case Aim::Kind::cost:
            break;
    }
    return fmt::format("least cost, a missed finding costing {:g} false alarms at a prevalence of {:g}",
                       aim.value, aim.prevalence);
}

Result<std::vector<SiteThreshold>> site_thresholds(const ScoredSet& set, const Aim& aim, std::uint64_t seed) {
    if (set.exclusive)
        return fail("calibration",
                    "thresholds are for independent findings; of classes that exclude each other the highest "
                    "is the diagnosis: leave out --sensitivity, --specificity and --cost, and choose a "
                    "coverage with hilum calibrate");
    const auto halves = halved_by_patient(set, seed);
    std::vector<SiteThreshold> all;
    for (std::size_t label = 0; label < set.labels.size(); ++label)
        if (set.is_finding(label)) all.push_back(threshold_of(halves, label, set, aim));
    return all;
}

std::string thresholds_yaml(const ScoredSet& set, const std::vector<SiteThreshold>& thresholds,
                            const std::string& package, const std::string& how) {
    std::string text =
        comment(fmt::format("Thresholds for {} {} on {}: {}.", set.model, set.version, set.set, how));
    text +=
        comment("Copy them under this package's entry of `models` in hilum.yaml, then run hilumd --check.");
    YAML::Emitter yaml;
    yaml << YAML::BeginMap << YAML::Key << "models" << YAML::Value << YAML::BeginSeq << YAML::BeginMap;
    yaml << YAML::Key << "package" << YAML::Value << YAML::DoubleQuoted << package;
    yaml << YAML::Key << "thresholds" << YAML::Value << YAML::BeginMap;
    bool any = false;
    for (const auto& one : thresholds) {
        text += comment(fmt::format("{}: {}{}", one.label,
                                    one.chosen ? fmt::format("{:g}, ", *one.chosen) : "", one.words));
        if (!one.chosen || one.proof == Proof::missed) continue;
        yaml << YAML::Key << YAML::DoubleQuoted << one.label << YAML::Value << fmt::format("{}", *one.chosen);
        any = true;
    }
    yaml << YAML::EndMap << YAML::EndMap << YAML::EndSeq << YAML::EndMap;
    return any ? text + yaml.c_str() + "\n" : text + "# None is to be taken: those in force stay.\n";
}

}  // namespace hilum::evaluation
