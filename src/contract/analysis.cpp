#include <algorithm>
#include <nlohmann/json.hpp>

#include "contract/analysis.h"
#include "contract/define_json.h"

namespace hilum {

HILUM_JSON_MEMBERS(Code, value, scheme, meaning)
HILUM_JSON_MEMBERS(ModelIdentity, name, version, sha256, configuration_sha256, cleared_for_clinical_use,
                   notice)

void to_json(nlohmann::json& nlohmann_json_j, const LabelResult& nlohmann_json_t) {
    NLOHMANN_JSON_EXPAND(NLOHMANN_JSON_PASTE(NLOHMANN_JSON_TO, name, code, site, score, probability,
                                             threshold, positive, abnormal, candidate))
}
void from_json(const nlohmann::json& nlohmann_json_j, LabelResult& nlohmann_json_t) {
    NLOHMANN_JSON_EXPAND(NLOHMANN_JSON_PASTE(NLOHMANN_JSON_FROM, name, code, site, score, probability,
                                             threshold, positive, abnormal))
    nlohmann_json_t.candidate = nlohmann_json_j.value("candidate", false);
}

void to_json(nlohmann::json& nlohmann_json_j, const InferenceResult& nlohmann_json_t) {
    NLOHMANN_JSON_EXPAND(NLOHMANN_JSON_PASTE(
        NLOHMANN_JSON_TO, model, labels, activation, calibrated, calibration_set, diagnosis, confidence,
        device, started_at, seconds, map_rows, map_columns, indeterminate_margin, coverage, set_size))
}
void from_json(const nlohmann::json& nlohmann_json_j, InferenceResult& nlohmann_json_t) {
    NLOHMANN_JSON_EXPAND(NLOHMANN_JSON_PASTE(NLOHMANN_JSON_FROM, model, labels, activation, calibrated,
                                             calibration_set, diagnosis, confidence, device, started_at,
                                             seconds, map_rows, map_columns))
    // Outcomes that an earlier version kept have none of what follows.
    nlohmann_json_t.indeterminate_margin = nlohmann_json_j.value("indeterminate_margin", 0.0);
    nlohmann_json_t.coverage = nlohmann_json_j.value("coverage", 0.0);
    nlohmann_json_t.set_size = nlohmann_json_j.value("set_size", -1);
    if (is_indeterminate(nlohmann_json_t) &&
        std::ranges::none_of(nlohmann_json_t.labels, &LabelResult::candidate))
        for (auto& label : nlohmann_json_t.labels)
            label.candidate =
                nlohmann_json_t.confidence - label.probability < nlohmann_json_t.indeterminate_margin;
}

HILUM_JSON_MEMBERS(NotAnalysed, code, message)
HILUM_JSON_MEMBERS(Turn, transposed, flipped_columns, flipped_rows)
HILUM_JSON_MEMBERS(InputGeometry, turn, source_columns, source_rows, scaled_columns, scaled_rows, left, top,
                   input_columns, input_rows)
HILUM_JSON_MEMBERS(DisplayGeometry, columns, rows)
HILUM_JSON_MEMBERS(FrameCount, of_image, wanted)
HILUM_JSON_MEMBERS(RadiographAttributes, sop_instance_uid, sop_class_uid, modality, body_part, view,
                   transfer_syntax_uid, rows, columns)

void to_json(nlohmann::json& json, const AnalysisOutcome& outcome) {
    json = nlohmann::json::object();
    if (outcome.not_analysed) json["not_analysed"] = *outcome.not_analysed;
    if (outcome.result) json["result"] = *outcome.result;
    json["model"] = outcome.model;
    if (!outcome.notes.empty()) json["notes"] = outcome.notes;
}
void from_json(const nlohmann::json& json, AnalysisOutcome& outcome) {
    if (json.contains("not_analysed")) outcome.not_analysed = json.at("not_analysed").get<NotAnalysed>();
    if (json.contains("result")) outcome.result = json.at("result").get<InferenceResult>();
    if (json.contains("model")) json.at("model").get_to(outcome.model);
    if (json.contains("notes")) json.at("notes").get_to(outcome.notes);
}

}  // namespace hilum
