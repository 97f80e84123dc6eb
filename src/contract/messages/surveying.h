// `hilum dataset` with a decoder: what one image file is, for the manifest of a dataset.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "contract/analysis.h"
#include "contract/messages/packet.h"

namespace hilum {

// `hilum` -> decoder. One descriptor, open for reading: a DICOM file, or a grey PNG as golden cases have it.
// Answered by SurveyReply.
struct SurveyRequest {
    static constexpr const char* type = "survey";
    std::int64_t job = 0;
    int display_long_side = 0;  // of the display image (DecodeRequest); 0: none is wanted
};

// What stands in the header, UTF-8; nothing of it in a PNG.
struct SurveyedPatient {
    std::string patient_id, sex, age_years;  // age: a number as text; each empty where not told
};

inline constexpr int survey_side = 32;  // of the thumbnail, rows and columns

// Of several frames the first.
struct SurveyedImage {
    SurveyedPatient patient;
    RadiographAttributes attributes;  // with the standard's words for views
    std::string manufacturer;
    // SHA-256 of "ROWSxCOLUMNS" and a line feed, then of 2 bytes a pixel, row by row, the low one first: the
    // intensity between the image's darkest and lightest pixel, 0 to 65535. So the same image has the same
    // digest in every lossless transfer syntax, as MONOCHROME1 and 2, at 8 bits or 16, with whatever window.
    std::string pixels;
    std::vector<std::uint8_t> thumbnail;  // survey_side rows of survey_side intensities, stretched to that
};

// decoder -> `hilum`. Exactly one of: image (with a memfd of bytes where a display image was wanted),
// not_analysed (the image is to blame), error (we are).
struct SurveyReply {
    static constexpr const char* type = "survey_reply";
    std::int64_t job = 0;
    SurveyedImage image;  // pixels empty: not so
    DisplayGeometry display;
    NotAnalysed not_analysed;
    std::optional<Error> error;
};

HILUM_JSON(SurveyedPatient)
HILUM_JSON(SurveyedImage)
HILUM_MESSAGE(SurveyRequest)
HILUM_MESSAGE(SurveyReply)

}  // namespace hilum
