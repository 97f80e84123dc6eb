// What the header of an image says of itself and its patient, as far as the intended use of a model asks.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "contract/analysis.h"
#include "model/decoder/intended_use/anatomy_codes.h"

class DcmDataset;

namespace hilum::model {

struct RadiographHeader {
    // body_part and view are the header's own words in upper case (the site's aliases come later).
    // BodyPartExamined and ViewPosition, or, where these are empty, the codes of Anatomic Region (else
    // Primary Anatomic Structure) and View Code Sequence.
    RadiographAttributes attributes;
    // LUNG where attributes.body_part is CHEST, LL where attributes.view is LATERAL; set with the site's
    // words
    std::string body_part_word, view_word;
    // What Anatomic Region and View Code Sequence say beside the former; empty where they were taken in their
    // place, and with the site's words also where they say the same.
    CodedWord coded_body_part, coded_view;
    bool is_oriented_as_lateral = false;  // by Patient Orientation, which does not tell the side
    bool view_is_by_orientation =
        false;  // attributes.view is LATERAL by that alone; set with the site's words
    std::string presentation_intent_type;
    std::string manufacturer;
    std::string quality_control_image, quality_control_subject;  // YES, NO, BOTH (the image's alone)
    std::string conversion_type;                                 // of a secondary capture
    std::vector<std::string> image_type;                         // Image Type's values, in upper case
    std::vector<std::string> descriptions;  // of study, series and protocol, as far as they are there
    bool has_pixels = false;
    std::optional<double>
        patient_age_years;  // Patient's Age, else from birth and study date; completed years from 1 on
    std::optional<double> other_age_years;  // from birth and study date, where it is another than the former
    bool patient_age_unreadable = false;    // an age or birth date is there, but tells no age
    ImageNotes notes;  // what of all this could not be read, contradicts itself, or is odd
};

RadiographHeader read_radiograph_header(DcmDataset& dataset);

// AS, as in "067Y", "018M", "003W", "021D". Empty when malformed, or more than is_age().
std::optional<double> years_of_age_string(const std::string& age);

// Both as parse_date() reads them. Empty when one is malformed, the patient was born later, or it is more
// than is_age().
std::optional<double> years_between(const std::string& birth_date, const std::string& date);

}  // namespace hilum::model
