#include "results/capture/capture_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "results/report/report_terms.h"

namespace hilum::results {
namespace {

constexpr std::size_t most_labels = 6;  // the others are in the report

// Where the diagnosis is no label there is none of it: a label's, by name.
std::string score_line(const InferenceResult& result, const Words& words) {
    const LabelResult& label = told_label(result);
    const std::string line =
        fmt::format("{} {}", score_name(result, words), shown_score(result, label, words).score);
    return diagnosed_label(result) == nullptr ? label.name + (words.colon + line) : line;
}

std::string threshold_of(const InferenceResult& result, const Words& words) {
    if (is_indeterminate(result)) return indeterminate_reason(result, words);
    if (!has_thresholds(result)) return {};
    return filled(words.threshold, shown_score(result, told_label(result), words).limit);
}

// The labels to be shown: all, or those with the highest scores in the package's order.
std::vector<const LabelResult*> shown_labels(const InferenceResult& result) {
    std::vector<const LabelResult*> labels;
    for (const LabelResult& label : result.labels) labels.push_back(&label);
    if (labels.size() <= most_labels) return labels;
    std::ranges::stable_sort(labels, std::greater{}, [&](auto* label) { return label->probability; });
    labels.resize(most_labels);
    std::ranges::sort(labels);
    return labels;
}

std::string map_line(const InferenceResult& result, const Words& words) {
    const LabelResult& label = result.labels[static_cast<std::size_t>(mapped_label(result))];
    return &label == diagnosed_label(result) ? words.activation_map
                                             : words.activation_map + (words.colon + label.name);
}

// "Frame 2 of 3" where it begins a line. Its first letter is ASCII in every language.
std::string capitalised(std::string text) {
    if (!text.empty()) text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
    return text;
}

}  // namespace

CaptureText capture_text(const InferenceResult& result, const Words& words, const std::string& analysed_at,
                         const std::string& frame, bool has_map) {
    CaptureText text;
    text.headline = diagnosis_text(result, words);
    text.frame_line = capitalised(frame);
    text.score = score_line(result, words);
    text.calibration = calibration_note(result, words);
    text.threshold = threshold_of(result, words);
    text.labels = shown_labels(result);
    if (result.labels.size() > text.labels.size())
        text.more_labels = filled(words.more_labels, result.labels.size() - text.labels.size());
    if (has_map) text.map_line = map_line(result, words);
    text.model_line =
        filled(words.model_line, result.model.name, result.model.version, result.model.sha256.substr(0, 12));
    text.time_line = filled(words.time_line, analysed_at);
    text.notice = notice_of(result.model, words);
    return text;
}

int mapped_label(const InferenceResult& result) {
    int best = -1;
    for (int i = 0; i < static_cast<int>(result.labels.size()); ++i) {
        const LabelResult& label = result.labels[static_cast<std::size_t>(i)];
        if (!is_finding(label)) continue;
        if (label.name == result.diagnosis) return i;
        if (best < 0 || label.probability > result.labels[static_cast<std::size_t>(best)].probability)
            best = i;
    }
    return best;
}

}  // namespace hilum::results
