// What a model said of cases whose truth is known: what every figure is computed from.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace hilum::evaluation {

// What is known of a case, apart from its image. Empty: not known.
struct CaseFacts {
    std::string file;     // as the manifest names it
    std::string patient;  // tells patients apart; never their own number where copies are de-identified
    std::string site, view, sex, manufacturer;
    std::optional<double> age_years;
};

struct ScoredCase {
    CaseFacts facts;
    std::vector<bool> truth;            // of each label
    std::vector<double> outputs;        // raw, before the activation
    std::vector<double> probabilities;  // calibrated where the model is, else its scores
    std::vector<bool> positive;         // at the deployed thresholds; softmax: the top class
    std::string diagnosis;              // as the node would report it; "indeterminate" is one
};

// A case of which the model said nothing, and why (NotAnalysed's codes, or an error's).
struct UnscoredCase {
    CaseFacts facts;
    std::string code, message;
};

struct ScoredSet {
    std::string model, version, sha256;  // of the package that said it
    std::string set;                     // the dataset's name
    std::vector<std::string> labels;     // in the package's order
    std::vector<double> thresholds;      // deployed, one for each label
    bool exclusive = false;              // softmax: exactly one label holds of a case
    bool calibrated = false;
    std::vector<ScoredCase> cases;
    std::vector<UnscoredCase> unscored;
    std::vector<bool> abnormal = {};        // of each label, as the package has it
    std::string configuration_sha256 = {};  // of all that shapes an output besides the weights
    std::string notice = {};                // the package's
    bool cleared_for_clinical_use = false;
    // The file of the node as which it was judged; empty: default settings.
    std::string node_configuration = {};
    std::map<std::string, double> site_thresholds = {};  // of that file, in the place of the package's own

    // Whether a label is something to be found, rather than that nothing is. Where the package calls none
    // abnormal, each.
    bool is_finding(std::size_t label) const {
        return std::ranges::find(abnormal, true) == abnormal.end() || abnormal[label];
    }
};

}  // namespace hilum::evaluation
