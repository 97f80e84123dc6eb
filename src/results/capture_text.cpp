#include "results/capture_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "results/report_terms.h"

namespace hilum::results {
namespace {

constexpr std::size_t most_labels = 6;  // the others are in the report

std::string title_of(const InferenceResult& result) {
    if (diagnosed_label(result) == nullptr) return terms::no_finding.meaning;
    return result.diagnosis;
}

std::string threshold_of(const InferenceResult& result) {
    const LabelResult* const label = diagnosed_label(result);
    return label && has_thresholds(result) ? format_score(label->threshold) : "";
}

// The labels to be shown: all, or those with the highest scores in the package's order.
std::vector<const LabelResult*> shown_labels(const InferenceResult& result) {
    std::vector<const LabelResult*> labels;
    for (const LabelResult& label : result.labels) labels.push_back(&label);
    if (labels.size() <= most_labels) return labels;
    std::ranges::stable_sort(labels, std::greater{}, [&](auto* label) { return score_of(result, *label); });
    labels.resize(most_labels);
    std::ranges::sort(labels);
    return labels;
}

std::string map_line(const InferenceResult& result) {
    const LabelResult& label = result.labels[static_cast<std::size_t>(mapped_label(result))];
    return &label == diagnosed_label(result) ? "Activation map" : "Activation map: " + label.name;
}

}  // namespace

CaptureText capture_text(const InferenceResult& result, const std::string& analysed_at,
                         const std::string& frame, bool has_map) {
    CaptureText text;
    text.headline = title_of(result);
    if (!frame.empty()) text.frame_line = "Frame" + frame.substr(frame.find(' '));
    text.score = fmt::format("{} {}", score_concept(result).meaning, format_score(diagnosis_score(result)));
    text.calibration = calibration_note(result);
    text.threshold = threshold_of(result);
    text.labels = shown_labels(result);
    if (result.labels.size() > text.labels.size())
        text.more_labels = fmt::format("{} more in the report", result.labels.size() - text.labels.size());
    if (has_map) text.map_line = map_line(result);
    text.model_line = fmt::format("{} {}, weights {}", result.model.name, result.model.version,
                                  result.model.sha256.substr(0, 12));
    text.time_line = "Analysed " + analysed_at;
    text.notice = notice_of(result.model);
    return text;
}

int mapped_label(const InferenceResult& result) {
    int best = -1;
    for (int i = 0; i < static_cast<int>(result.labels.size()); ++i) {
        const LabelResult& label = result.labels[static_cast<std::size_t>(i)];
        if (!is_finding(label)) continue;
        if (label.name == result.diagnosis) return i;
        if (best < 0 ||
            score_of(result, label) > score_of(result, result.labels[static_cast<std::size_t>(best)]))
            best = i;
    }
    return best;
}

}  // namespace hilum::results
