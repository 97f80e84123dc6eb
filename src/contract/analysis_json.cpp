// The JSON form of pipeline/types/analysis.h.
#include "contract/analysis.h"

namespace hilum {

HILUM_JSON_MEMBERS(Code, value, scheme, meaning)
HILUM_JSON_MEMBERS(ModelIdentity, name, version, sha256, configuration_sha256, cleared_for_clinical_use,
                   notice)
HILUM_JSON_MEMBERS(LabelResult, name, code, site, score, probability, threshold, positive, abnormal)

void to_json(nlohmann::json& nlohmann_json_j, const InferenceResult& nlohmann_json_t) {
    NLOHMANN_JSON_EXPAND(NLOHMANN_JSON_PASTE(NLOHMANN_JSON_TO, model, labels, activation, calibrated,
                                             calibration_set, diagnosis, confidence, device, started_at,
                                             seconds, map_rows, map_columns, indeterminate_margin))
}
void from_json(const nlohmann::json& nlohmann_json_j, InferenceResult& nlohmann_json_t) {
    NLOHMANN_JSON_EXPAND(NLOHMANN_JSON_PASTE(NLOHMANN_JSON_FROM, model, labels, activation, calibrated,
                                             calibration_set, diagnosis, confidence, device, started_at,
                                             seconds, map_rows, map_columns))
    // Outcomes that an earlier version kept have none.
    nlohmann_json_t.indeterminate_margin = nlohmann_json_j.value("indeterminate_margin", 0.0);
}

HILUM_JSON_MEMBERS(NotAnalysed, code, message)
HILUM_JSON_MEMBERS(Turn, transposed, flipped_columns, flipped_rows)
HILUM_JSON_MEMBERS(InputGeometry, turn, source_columns, source_rows, scaled_columns, scaled_rows, left, top,
                   input_columns, input_rows)
HILUM_JSON_MEMBERS(DisplayGeometry, columns, rows)
HILUM_JSON_MEMBERS(FrameCount, of_image, wanted)
HILUM_JSON_MEMBERS(RadiographAttributes, sop_instance_uid, sop_class_uid, modality, body_part, view,
                   transfer_syntax_uid, rows, columns)

}  // namespace hilum
