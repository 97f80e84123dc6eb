// Whether a model may serve at a hospital: all that its images tell, and what follows from what the hospital
// requires.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "evaluation/acceptance/criteria.h"
#include "evaluation/acceptance/group_findings.h"
#include "evaluation/acceptance/local_calibration.h"
#include "evaluation/acceptance/maker_figures.h"
#include "evaluation/acceptance/power_plan.h"
#include "evaluation/acceptance/site_thresholds.h"
#include "evaluation/acceptance/workload.h"
#include "evaluation/figures/evaluated_set.h"

namespace hilum::evaluation {

// The images before the model saw them.
struct ImageSources {
    std::size_t found = 0;  // files, and images of the dataset
    std::map<std::string, std::size_t> left_out =
        {};  // of these, by code: no_label, duplicate, undecodable, ...
    // Whose the images were that have a label and were left out before the model, but for those that are
    // there twice. Those of which that is not known have names of their own.
    std::vector<std::string> unread_patients = {};
    std::size_t lines_without_file = 0;  // of the table of labels
    // Of those that the model was given: what tells view, age or body part was missing (PNG files), or was
    // left aside.
    std::size_t use_not_checked = 0;
    std::size_t of_training = 0;  // of a dataset: in its splits "training" and "validation"
    std::string digest = {};  // SHA-256 of what was judged: pixels, patients and labels, in whatever order
};

struct AcceptanceSettings {
    MeasureSettings measure;
    std::vector<Criterion> criteria;
    std::optional<statistics::Aim> aim = {};  // of thresholds for here
    PowerSettings power = {};
    std::uint64_t seed = 1;  // of halves and bootstrap
};

enum class Verdict {
    no_criteria,             // the hospital gave none
    accept,                  // all are met, and nothing stands against it
    accept_with_conditions,  // all are met; `conditions` say what to heed
    undecided,               // none is refuted, and the images do not show all of them
    do_not_accept,           // one is not met
};
std::string_view words_of(Verdict verdict);  // "Accept", ...
std::string_view name_of(Verdict verdict);   // "accept", "do_not_accept", ...: for programs

struct Acceptance {
    EvaluatedSet set;
    ImageSources sources;
    // Images whose truth is known: judged, outside of the intended use, or not to be read or judged, whether
    // that was seen before the model or by it.
    std::size_t labelled = 0, outside_of_use = 0, unreadable = 0;
    std::vector<LocalCalibration> calibration;  // of each label
    std::vector<JudgedCriterion> criteria;
    GroupFindings groups;
    std::vector<SiteThreshold> thresholds;  // empty: none were asked for
    std::vector<Workload> workload;
    std::vector<AnswerShare> answers;
    std::optional<MakerFigures> maker;
    std::vector<MakerDrop> drops;
    std::vector<PowerRow> power;
    Verdict verdict = Verdict::no_criteria;
    std::vector<std::string> conditions;  // in words: what speaks against it, or is to be done before
    AcceptanceSettings settings;
};

// Codes: "too_few_cases" where the model gave no result at all; "no_positives" where no image has any of its
// findings, or "no_negatives" where each has all of them; "constant" where it says one and the same of every
// image; those of judge() and site_thresholds().
Result<Acceptance> assess(ScoredSet scored, ImageSources sources, std::optional<MakerFigures> maker,
                          const AcceptanceSettings& settings);

// Whether an image that was left out before the model has a truth, and counts as one that cannot be read or
// judged: all but "no_label" and "duplicate".
bool is_labelled_exclusion(const std::string& code);

// Whether an image was not analysed since the model was not made for it, rather than since it cannot be read.
bool is_outside_of_use(const std::string& code);

}  // namespace hilum::evaluation
