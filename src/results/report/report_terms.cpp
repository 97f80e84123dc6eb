#include "results/report/report_terms.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

namespace hilum::results {
namespace {

constexpr std::size_t code_meaning_length = 64;  // Code Meaning (0008,0104) is an LO

// Reasons whose names a Code Value has no room for.
std::string reason_value(const std::string& reason) {
    static const std::map<std::string, std::string> shorter{{"photometric_interpretation", "photometric"},
                                                            {"presentation_intent", "for-processing"},
                                                            {"processing_failed", "failed"},
                                                            {"unsupported_compression", "unsupported"}};
    if (const auto found = shorter.find(reason); found != shorter.end()) return found->second;
    std::string value = reason;
    std::ranges::replace(value, '_', '-');
    return value.size() <= code_value_length ? value : code_value_with_digest(value, reason);
}

// The message is in English; in other languages it follows where it says more than the sentence.
std::string reason_text(const NotAnalysed& reason, const Words& words) {
    const auto known = words.reasons.find(reason.code);
    if (known == words.reasons.end()) return reason.message;
    std::string detail = reason.message;
    if (detail.ends_with('.')) detail.pop_back();
    if (!known->second.with_detail || detail.empty()) return fmt::format("{}.", known->second.sentence);
    return fmt::format("{} ({}).", known->second.sentence, detail);
}

}  // namespace

bool is_finding(const LabelResult& label) {
    return label.positive && label.abnormal;
}

bool has_finding(const InferenceResult& result) {
    return std::ranges::any_of(result.labels, is_finding);
}

const Code& presence_of(const LabelResult& label) {
    if (label.positive) return terms::present;
    const bool open = label.candidate || label.probability >= label.threshold;
    return open ? terms::indeterminate : terms::absent;
}

Code code_of(const LabelResult& label) {
    Code code = label.code;
    if (code.value.empty() || code.scheme.empty()) code = {code_value_of(label.name), own_coding_scheme, ""};
    if (code.meaning.empty()) code.meaning = shortened(label.name, code_meaning_length);
    return code;
}

bool has_thresholds(const InferenceResult& result) {
    return result.activation != "softmax";
}

const LabelResult* diagnosed_label(const InferenceResult& result) {
    const auto found = std::ranges::find(result.labels, result.diagnosis, &LabelResult::name);
    return found == result.labels.end() ? nullptr : &*found;
}

std::string diagnosis_text(const InferenceResult& result, const Words& words) {
    if (is_indeterminate(result)) return words.indeterminate;
    return diagnosed_label(result) != nullptr ? result.diagnosis
                                              : translated(terms::no_finding, words).meaning;
}

Code diagnosis_of(const InferenceResult& result, const Words& words) {
    if (is_indeterminate(result)) return terms::indeterminate;
    const LabelResult* const label = diagnosed_label(result);
    return label ? code_of(*label) : translated(terms::no_finding, words);
}

Code code_of(const NotAnalysed& reason, const Words& words) {
    if (const auto known = words.reasons.find(reason.code); known != words.reasons.end())
        return {reason_value(reason.code), own_coding_scheme, known->second.meaning};
    std::string meaning = reason.code;
    std::ranges::replace(meaning, '_', ' ');
    if (!meaning.empty())
        meaning[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(meaning[0])));
    if (reason.code == "sop_class") meaning = "SOP class";
    return {reason_value(reason.code), own_coding_scheme, shortened(meaning, code_meaning_length)};
}

std::string sentence_of(const NotAnalysed& reason, const StudyImage& image, const Words& words) {
    std::string text = translated(terms::not_analysed, words).meaning + words.colon;
    if (is_frame(image)) text += frame_text(image, words) + words.colon;
    return text + reason_text(reason, words);
}

bool is_failure(const NotAnalysed& reason) {
    static const std::set<std::string> failures{
        "bit_depth",       "frames",      "photometric_interpretation", "processing_failed", "too_large",
        "transfer_syntax", "undecodable", "unsupported_compression"};
    return failures.contains(reason.code);
}

Code summary_code(std::size_t images, std::size_t decided, bool with_findings) {
    if (decided == 0) return {"111245", "DCM", "No algorithms succeeded; without findings"};
    if (decided == images)
        return with_findings ? Code{"111242", "DCM", "All algorithms succeeded; with findings"}
                             : Code{"111241", "DCM", "All algorithms succeeded; without findings"};
    return with_findings ? Code{"111244", "DCM", "Not all algorithms succeeded; with findings"}
                         : Code{"111243", "DCM", "Not all algorithms succeeded; without findings"};
}

bool is_frame(const StudyImage& image) {
    return image.frames > 1;
}

std::string frame_text(const StudyImage& image, const Words& words) {
    return is_frame(image) ? filled(words.frame, image.frame, image.frames) : "";
}

Code score_concept(const InferenceResult& result, const Words& words) {
    return result.calibrated ? terms::probability : translated(terms::model_score, words);
}

std::string score_name(const InferenceResult& result, const Words& words) {
    return result.calibrated ? words.probability : translated(terms::model_score, words).meaning;
}

bool is_no_finding(const InferenceResult& result) {
    return !is_indeterminate(result) && diagnosed_label(result) == nullptr;
}

const LabelResult& told_label(const InferenceResult& result) {
    if (const LabelResult* const label = diagnosed_label(result)) return *label;
    const bool abnormal_alone =
        is_no_finding(result) && std::ranges::any_of(result.labels, &LabelResult::abnormal);
    return *std::ranges::max_element(result.labels, {}, [&](const LabelResult& label) {
        return abnormal_alone && !label.abnormal ? -1 : label.probability;
    });
}

std::string indeterminate_reason(const InferenceResult& result, const Words& words) {
    if (result.coverage <= 0)
        return filled(words.too_close, format_limit(result.indeterminate_margin, words));
    const std::string coverage = format_limit(result.coverage, words);
    if (result.set_size == 0) return filled(words.none_in_set, coverage);
    // All classes are candidates where the best one is not in the set.
    const auto candidates = std::ranges::count(result.labels, true, &LabelResult::candidate);
    const bool all = static_cast<std::size_t>(candidates) == result.labels.size();
    if (result.set_size < 0 && all) return {};
    if (result.set_size >= 0 && candidates != result.set_size) return filled(words.best_not_in_set, coverage);
    return filled(words.several_in_set, candidates, coverage);
}

std::string format_score(double score, const Words& words) {
    return score_text(score, words.decimal_sign);
}

std::string format_limit(double limit, const Words& words) {
    return limit_text(limit, words.decimal_sign);
}

Compared shown_score(const InferenceResult& result, const LabelResult& label, const Words& words) {
    if (!has_thresholds(result)) return {format_score(label.probability, words), ""};
    return compared_text(label.probability, label.threshold, words.decimal_sign);
}

Compared score_number_of(const LabelResult& label) {
    return compared_number(label.probability, label.threshold);
}

std::string calibration_note(const InferenceResult& result, const Words& words) {
    return result.calibrated ? filled(words.calibrated, result.calibration_set) : words.not_calibrated;
}

std::string notice_of(const ModelIdentity& model, const Words& words) {
    if (!model.notice.empty() || model.cleared_for_clinical_use) return model.notice;
    return words.not_cleared;
}

std::string notice_of(const std::vector<ModelIdentity>& models, const Words& words) {
    for (const ModelIdentity& model : models)
        if (auto notice = notice_of(model, words); !notice.empty()) return notice;
    return {};
}

// Many viewers ignore Predecessor Documents: what is shown of every report says it too.
std::string version_text(const ComposeRequest& request, const Words& words) {
    if (request.version <= 1) return {};
    if (request.predecessors.empty()) return fmt::format("v{}", request.version);
    return filled(words.replaces, request.version, request.predecessors.front().version);
}

std::string withdrawal_text(const ComposeRequest& request, const Words& words) {
    auto text = filled(words.withdrawn, request.model.name);
    if (!request.withdrawal.note.empty()) text += " " + request.withdrawal.note;
    return text;
}

std::string shortened(const std::string& text, std::size_t bytes) {
    if (text.size() <= bytes) return text;
    std::size_t end = bytes;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    return text.substr(0, end);
}

bool is_ascii(const std::string& text) {
    return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

}  // namespace hilum::results
