#include "contract/messages/surveying.h"

#include "contract/define_json.h"

namespace hilum {

HILUM_JSON_MEMBERS(SurveyedPatient, patient_id, sex, age_years)
HILUM_JSON_MEMBERS(SurveyedImage, patient, attributes, manufacturer, pixels, thumbnail)
HILUM_MESSAGE_MEMBERS(SurveyRequest, job, display_long_side)
HILUM_MESSAGE_MEMBERS(SurveyReply, job, image, display, not_analysed, error)

}  // namespace hilum
