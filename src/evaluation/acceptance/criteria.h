// What a hospital requires of a model before it may serve there, and whether its images show that it is so.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "evaluation/figures/evaluated_set.h"
#include "evaluation/statistics/calibration_inference.h"

namespace hilum::evaluation {

enum class Quantity { sensitivity, specificity, area, ppv, npv, slope, accuracy, determinate, analysed };

// "Pneumonia:sensitivity>=0.9": of one finding, or without its name of each that is abnormal.
struct Criterion {
    std::string text;
    std::string finding;  // empty: each
    Quantity quantity = Quantity::sensitivity;
    bool at_least = true;  // ">="; else "<="
    double limit = 0;
};

// Quantities: sensitivity, specificity, auc, ppv, npv, slope (of the calibration line); without a finding:
// accuracy, determinate (share that got a diagnosis), analysed (share of all images). Limits from 0 to 1,
// neither of the two; of slope from 0 to 10. Code "criterion", with what can be written.
Result<Criterion> parse_criterion(std::string_view text);

enum class Judgement { met, not_met, cannot_be_told };
std::string_view words_of(Judgement judgement);  // "met", "not met", "cannot be told"

struct JudgedCriterion {
    Criterion criterion;
    std::string finding;                           // empty: of the model as a whole
    std::optional<statistics::Estimate> estimate;  // none: the images do not allow it
    std::size_t cases = 0;                         // that it rests on
    Judgement judgement = Judgement::cannot_be_told;
    std::string words;  // one sentence: what was found, on how many, how many it would take
};

// What stands beside the figures of measure().
struct CriterionInput {
    const EvaluatedSet& set;
    // Of each label; empty where there is none.
    const std::vector<std::optional<statistics::CalibrationTest>>& calibration;
    std::size_t images = 0;                                        // of which set.figures.cases were analysed
    std::optional<statistics::Estimate> analysed_by_patient = {};  // bootstrap
};

// Each criterion for each finding that it is of. It is met where the whole 95 % interval is on its side of
// the limit, not met where the whole interval is on the other, and else, and of images of one patient, it
// cannot be told. Of an interval by
// formula and one by patients the wider holds, whatever the figure is: images of one patient tell less than
// as many of several, and a bootstrap of few cases without a mistake has no width. No correction for several:
// the model is accepted only where all are met, which is no likelier by chance than that one of them is
// (intersection-union test, Berger 1982). Code "criterion" where a finding is none of the model's, or the
// model has no such figure.
Result<std::vector<JudgedCriterion>> judge(const std::vector<Criterion>& criteria,
                                           const CriterionInput& input);

// The smallest interval that holds both; the value of the first.
statistics::Estimate wider(const statistics::Estimate& estimate,
                           const std::optional<statistics::Estimate>& other);

}  // namespace hilum::evaluation
