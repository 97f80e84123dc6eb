// The report of an evaluation as one page: for the data scientist who made the model, the radiologist who is
// to rely on it, and the committee that asks for TRIPOD+AI's and CLAIM's items.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "evaluation/figures/comparison.h"
#include "evaluation/figures/evaluated_set.h"

namespace hilum::evaluation {

struct ModelComparison {
    ScoredSet other;
    std::vector<LabelComparison> labels;
};

struct ExternalValidation {
    EvaluatedSet set;
    std::vector<LabelDrop> labels;
};

struct EvaluationReport {
    EvaluatedSet set;
    std::optional<ModelComparison> comparison;
    std::optional<ExternalValidation> external;
    MeasureSettings settings;
    std::string made_at;  // date, as the page shows it
    std::string program;  // "hilum 0.1.0"
};

std::string evaluation_page(const EvaluationReport& report);

}  // namespace hilum::evaluation
