#include "contract/triage.h"

#include <algorithm>

#include "contract/define_json.h"

namespace hilum {

bool is_urgent(const LabelResult& label, const std::vector<TriageRule>& rules) {
    return std::ranges::any_of(rules, [&](const TriageRule& rule) {
        if (rule.finding != label.name) return false;
        return rule.at_least > 0 ? label.probability >= rule.at_least : label.positive;
    });
}

bool is_urgent(const InferenceResult& result, const std::vector<TriageRule>& rules) {
    if (is_indeterminate(result) &&
        std::ranges::find(rules, indeterminate, &TriageRule::finding) != rules.end())
        return true;
    return std::ranges::any_of(result.labels,
                               [&](const LabelResult& label) { return is_urgent(label, rules); });
}

HILUM_JSON_MEMBERS(TriageRule, finding, at_least)

}  // namespace hilum
