// Which findings make a study urgent: the site's rule, for the queue and for messages to a worklist.
#pragma once

#include <string>
#include <vector>

#include "contract/analysis.h"

namespace hilum {

struct TriageRule {
    std::string finding;  // name of a label, or "indeterminate"
    double at_least =
        0;  // of its probability, or score where it is not calibrated; 0: whenever it is positive
    bool operator==(const TriageRule&) const = default;
};

bool is_urgent(const LabelResult& label, const std::vector<TriageRule>& rules);
// Also where the result is indeterminate, and a rule is for that.
bool is_urgent(const InferenceResult& result, const std::vector<TriageRule>& rules);

HILUM_JSON(TriageRule)

}  // namespace hilum
