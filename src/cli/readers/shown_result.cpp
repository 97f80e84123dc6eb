#include "cli/readers/shown_result.h"

#include <fmt/format.h>

#include <algorithm>

#include "contract/score_text.h"
#include "results/activation/activation_overlay.h"

namespace hilum::cli {
namespace {

const LabelResult* diagnosed(const InferenceResult& result) {
    const auto found = std::ranges::find(result.labels, result.diagnosis, &LabelResult::name);
    return found == result.labels.end() ? nullptr : &*found;
}

// The diagnosis where it is a finding, else the finding with the highest score; -1: none.
int label_with_map(const InferenceResult& result) {
    int best = -1;
    for (int i = 0; i < static_cast<int>(result.labels.size()); ++i) {
        const auto& label = result.labels[static_cast<std::size_t>(i)];
        if (!label.positive || !label.abnormal) continue;
        if (label.name == result.diagnosis) return i;
        if (best < 0 || label.probability > result.labels[static_cast<std::size_t>(best)].probability)
            best = i;
    }
    return best;
}

}  // namespace

readers::ShownResult shown_result(const InferenceResult& result) {
    readers::ShownResult shown;
    const auto* label = diagnosed(result);
    shown.headline = is_indeterminate(result) ? "indeterminate"
                     : label != nullptr       ? label->name
                                              : "no finding";
    const char* score = result.calibrated ? "Probability" : "Model score";
    const bool has_thresholds = result.activation != "softmax";
    const auto score_of = [&](const LabelResult& one) {
        return has_thresholds ? compared_text(one.probability, one.threshold).score
                              : score_text(one.probability);
    };
    if (label != nullptr) {
        shown.lines.push_back(fmt::format("{} {}", score, score_of(*label)));
        if (has_thresholds)
            shown.lines.push_back(
                fmt::format("Threshold {}", compared_text(label->probability, label->threshold).limit));
    }
    if (!result.calibrated) shown.lines.push_back("Not calibrated, not a probability");
    for (const auto& one : result.labels) shown.labels.emplace_back(one.name, score_of(one));
    shown.notice = result.model.notice;
    if (!result.model.cleared_for_clinical_use && shown.notice.empty()) shown.notice = "Not for clinical use";
    return shown;
}

readers::ShownResult shown_refusal(const NotAnalysed& reason) {
    return {"not analysed", {reason.message}, {}, "", ""};
}

MapPicture map_picture(const model::Predictor::Prediction& prediction, int columns, int rows,
                       readers::ShownResult& shown) {
    const int label = label_with_map(prediction.result);
    if (label < 0 || prediction.maps.empty()) return {};
    AnalysisArtifact artifact;
    artifact.geometry = prediction.geometry;
    artifact.map_labels = static_cast<int>(prediction.result.labels.size());
    artifact.map_rows = prediction.result.map_rows;
    artifact.map_columns = prediction.result.map_columns;
    artifact.maps = prediction.maps;
    const auto field = results::strength_field(artifact, label, columns, rows);
    if (field.values.empty()) return {};
    shown.mapped_label = prediction.result.labels[static_cast<std::size_t>(label)].name;
    return {columns, rows, results::overlay_pixels(field, std::max(1.5, std::max(columns, rows) / 500.0))};
}

}  // namespace hilum::cli
