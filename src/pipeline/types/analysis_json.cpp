// The JSON form of pipeline/types/analysis.h, apart from the header because the library's templates are slow to compile.
#include "pipeline/types/analysis.h"

#include "pipeline/types/define_json.h"

namespace hilum {

HILUM_DEFINE_JSON(Code, value, scheme, meaning)
HILUM_DEFINE_JSON(ModelIdentity, name, version, sha256, configuration_sha256,
                                   cleared_for_clinical_use, notice)
HILUM_DEFINE_JSON(LabelResult, name, code, site, score, probability, threshold, positive, abnormal)
HILUM_DEFINE_JSON(InferenceResult, model, labels, activation, calibrated, calibration_set,
                                   diagnosis, confidence, device, started_at, seconds, map_rows, map_columns)
HILUM_DEFINE_JSON(NotAnalysed, code, message)
HILUM_DEFINE_JSON(InputGeometry, source_columns, source_rows, scaled_columns, scaled_rows, left,
                                   top, input_columns, input_rows)
HILUM_DEFINE_JSON(DisplayGeometry, columns, rows)
HILUM_DEFINE_JSON(RadiographAttributes, sop_instance_uid, sop_class_uid, modality, body_part,
                                   view, transfer_syntax_uid, rows, columns)

}  // namespace hilum
