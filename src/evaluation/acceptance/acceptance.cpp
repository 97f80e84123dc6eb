#include "evaluation/acceptance/acceptance.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "evaluation/report/page_parts.h"

namespace hilum::evaluation {
namespace {

// docs/pixels.md, "Why an image is not analysed".
constexpr std::array outside_codes{"modality",  "body_part",  "view",       "patient_age", "image_size",
                                   "sop_class", "image_type", "own_result", "frames",      "quality_control"};

bool says_one_thing(const ScoredSet& set) {
    return std::ranges::all_of(set.cases, [&](const ScoredCase& one) {
        return one.probabilities == set.cases.front().probabilities;
    });
}

// Images that nothing can be said with.
Status check_cases(const ScoredSet& set) {
    if (set.cases.empty()) return {};  // measure() says it
    std::vector<std::string> findings;
    bool positive = false, negative = false;
    for (std::size_t label = 0; label < set.labels.size(); ++label) {
        if (!set.is_finding(label)) continue;
        findings.push_back(set.labels[label]);
        for (const auto& one : set.cases) (one.truth[label] ? positive : negative) = true;
    }
    if (!positive)
        return fail(
            "no_positives",
            "{}: of the {} images that the model judged none has a finding ({}): whether it finds them "
            "cannot be told. Add images that show it.",
            set.set, set.cases.size(), joined(findings));
    if (!negative)
        return fail(
            "no_negatives",
            "{}: each of the {} images that the model judged has every finding ({}): whether it alarms "
            "without a reason cannot be told. Add images without it.",
            set.set, set.cases.size(), joined(findings));
    if (set.cases.size() > 1 && says_one_thing(set))
        return fail(
            "constant",
            "{} {} says one and the same of all {} images of {}: it tells nothing apart. Look whether the "
            "package's weights are whole (hilum model verify), and whether the images are.",
            set.model, set.version, set.cases.size(), set.set);
    return {};
}

void add_case_conditions(const Acceptance& result, std::vector<std::string>& conditions) {
    for (std::size_t i = 0; i < result.set.figures.labels.size(); ++i) {
        if (!result.set.scored.is_finding(i)) continue;
        const auto& label = result.set.figures.labels[i];
        const auto positive = label.counts.positive(), negative = label.counts.negative();
        if (std::min(positive, negative) >= few_cases) continue;
        conditions.push_back(
            positive == 0 || negative == 0
                ? fmt::format("No image is {} '{}': {} is not known.", positive == 0 ? "with" : "without",
                              label.label,
                              positive == 0 ? "whether it finds it" : "how often it alarms without a reason")
                : fmt::format("'{}' rests on {} images with it and {} without: collect more.", label.label,
                              positive, negative));
    }
}

void add_package_conditions(const Acceptance& result, std::vector<std::string>& conditions) {
    const auto& scored = result.set.scored;
    if (!scored.cleared_for_clinical_use)
        conditions.push_back(fmt::format(
            "The package is not cleared for clinical use{}: it may only run beside the work, not for it.",
            scored.notice.empty() ? "" : " (\"" + scored.notice + "\")"));
    if (!scored.calibrated)
        conditions.emplace_back(
            "The package is not calibrated on a named set: its scores are not called probabilities.");
}

std::vector<std::string> conditions_of(const Acceptance& result) {
    std::vector<std::string> conditions;
    add_package_conditions(result, conditions);
    add_case_conditions(result, conditions);
    for (const auto* worse : result.groups.worse()) conditions.push_back("Worse in a group: " + worse->words);
    for (std::size_t i = 0; i < result.calibration.size(); ++i) {
        const auto& [label, advice] = std::pair(result.calibration[i].label, result.calibration[i].advice);
        if (!result.set.scored.is_finding(i)) continue;
        if (advice == LocalCalibration::Advice::recalibrate)
            conditions.push_back(fmt::format("Recalibrate '{}' on images of here (hilum calibrate).", label));
        else if (advice == LocalCalibration::Advice::not_shown)
            conditions.push_back(fmt::format(
                "The probabilities of '{}' do not hold here: do not rely on their numbers.", label));
    }
    for (const auto& drop : result.drops)
        if (drop.worse)
            conditions.push_back(fmt::format("Worse than its maker says: '{}', {} {:.3f} against {:.3f}.",
                                             drop.label, drop.figure, drop.here, drop.maker));
    const auto all =
        result.set.figures.cases + result.set.scored.unscored.size();  // that the model was given
    if (10 * result.outside_of_use > all)
        conditions.push_back(fmt::format(
            "{} of {} images are outside of its intended use and get no answer: see whether they need one.",
            result.outside_of_use, all));
    if (result.sources.of_training > 0)
        conditions.push_back(
            fmt::format("{} of {} images are in the dataset's splits training and validation: if the model "
                        "learned from them, no "
                        "figure here holds. Choose --split test.",
                        result.sources.of_training, all));
    if (result.sources.use_not_checked > 0)
        conditions.push_back(
            fmt::format("Whether {} of {} images are within the intended use was not checked: PNG files do "
                        "not tell their view, "
                        "age and body part, and --any-use leaves them aside. In production it will be.",
                        result.sources.use_not_checked, all));
    if (result.unreadable > 0)
        conditions.push_back(fmt::format("{} of {} images could not be read or judged: see why.",
                                         result.unreadable, result.labelled));
    return conditions;
}

Verdict verdict_of(const Acceptance& result) {
    const auto judged = [&](Judgement judgement) {
        return std::ranges::find(result.criteria, judgement, &JudgedCriterion::judgement) !=
               result.criteria.end();
    };
    if (result.criteria.empty()) return Verdict::no_criteria;
    if (judged(Judgement::not_met)) return Verdict::do_not_accept;
    if (judged(Judgement::cannot_be_told)) return Verdict::undecided;
    return result.conditions.empty() ? Verdict::accept : Verdict::accept_with_conditions;
}

Status judge_criteria(Acceptance& result) {
    std::vector<std::optional<statistics::CalibrationTest>> tests;
    for (const auto& one : result.calibration) tests.push_back(one.test);
    auto criteria = judge(
        result.settings.criteria,
        {result.set, tests, result.labelled,
         analysed_by_patient(result.set.scored, result.sources.unread_patients, result.settings.measure)});
    if (!criteria) return tl::unexpected(criteria.error());
    result.criteria = std::move(*criteria);
    return {};
}

void count_images(Acceptance& result) {
    for (const auto& one : result.set.scored.unscored)
        ++(is_outside_of_use(one.code) ? result.outside_of_use : result.unreadable);
    result.unreadable += result.sources.unread_patients.size();
    result.labelled = result.set.figures.cases + result.outside_of_use + result.unreadable;
}

}  // namespace

std::string_view words_of(Verdict verdict) {
    switch (verdict) {
        case Verdict::no_criteria:
            return "No verdict";
        case Verdict::accept:
            return "Accept";
        case Verdict::accept_with_conditions:
            return "Accept with conditions";
        case Verdict::undecided:
            return "Do not accept yet";
        case Verdict::do_not_accept:
            break;
    }
    return "Do not accept";
}

std::string_view name_of(Verdict verdict) {
    switch (verdict) {
        case Verdict::no_criteria:
            return "no_criteria";
        case Verdict::accept:
            return "accept";
        case Verdict::accept_with_conditions:
            return "accept_with_conditions";
        case Verdict::undecided:
            return "undecided";
        case Verdict::do_not_accept:
            break;
    }
    return "do_not_accept";
}

bool is_labelled_exclusion(const std::string& code) {
    return code != "no_label" && code != "duplicate";
}

bool is_outside_of_use(const std::string& code) {
    return std::ranges::find(outside_codes, code) != outside_codes.end();
}

Result<Acceptance> assess(ScoredSet scored, ImageSources sources, std::optional<MakerFigures> maker,
                          const AcceptanceSettings& settings) {
    if (auto status = check_cases(scored); !status) return tl::unexpected(status.error());
    auto set = evaluated(std::move(scored), settings.measure);
    if (!set) return tl::unexpected(set.error());
    Acceptance result;
    result.set = std::move(*set);
    result.sources = std::move(sources);
    result.maker = std::move(maker);
    result.settings = settings;
    count_images(result);
    result.calibration = local_calibration(result.set.scored, settings.seed, settings.measure.level);
    if (auto status = judge_criteria(result); !status) return tl::unexpected(status.error());
    result.groups = group_findings(result.set.scored);
    if (settings.aim) {
        auto thresholds = site_thresholds(result.set.scored, *settings.aim, settings.seed);
        if (!thresholds) return tl::unexpected(thresholds.error());
        result.thresholds = std::move(*thresholds);
    }
    result.workload = workload_of(result.set);
    result.answers = answers_of(result.set.scored);
    if (result.maker) result.drops = drops_from(*result.maker, result.set);
    result.power = power_plan(result.set, result.maker, settings.power);
    result.conditions = conditions_of(result);
    result.verdict = verdict_of(result);
    return result;
}

}  // namespace hilum::evaluation
