#include "results/capture/capture_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <span>
#include <tuple>

#include "results/report/report_terms.h"

namespace hilum::results {
namespace {

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

using LabelList = std::vector<const LabelResult*>;

// A finding under a low threshold has a lower score than what is none under a high one.
LabelList findings_first(const InferenceResult& result) {
    LabelList labels;
    for (const LabelResult& label : result.labels) labels.push_back(&label);
    std::ranges::stable_sort(labels, std::greater{}, [](const LabelResult* label) {
        return std::tuple(is_finding(*label), label->positive, label->probability);
    });
    return labels;
}

// By their names, or how many they are.
std::string findings_line(std::span<const LabelResult* const> findings, const Words& words) {
    if (findings.empty()) return {};
    std::string names;
    for (const LabelResult* label : findings) names += (names.empty() ? "" : ", ") + label->name;
    const std::string named = filled(words.more_findings, names);
    return named.size() <= longest_findings_line ? named : filled(words.more_findings, findings.size());
}

// Rows in the package's order, so that each label has its place in every picture.
void put_labels(CaptureText& text, const InferenceResult& result, const Words& words, std::size_t most_rows) {
    const LabelList labels = findings_first(result);
    const auto findings = static_cast<std::size_t>(
        std::ranges::count_if(labels, [](const LabelResult* label) { return is_finding(*label); }));
    const std::size_t rows = std::min(labels.size(), std::clamp(findings, usual_rows, most_rows));
    const std::size_t told = std::max(rows, findings);
    text.labels = {labels.begin(), labels.begin() + static_cast<std::ptrdiff_t>(rows)};
    std::ranges::sort(text.labels);
    text.more_findings = findings_line(std::span(labels).subspan(rows, told - rows), words);
    if (told < labels.size()) text.more_labels = filled(words.more_labels, labels.size() - told);
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
                         const std::string& frame, bool has_map, std::size_t most_rows) {
    CaptureText text;
    text.headline = diagnosis_text(result, words);
    text.frame_line = capitalised(frame);
    text.score = score_line(result, words);
    text.calibration = calibration_note(result, words);
    text.threshold = threshold_of(result, words);
    put_labels(text, result, words, most_rows);
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
