#include "model/decoder/radiograph_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <string_view>

#include "base/calendar_date.h"
#include "base/logging.h"
#include "base/text.h"
#include "dicom/dataset_reading.h"
#include "model/decoder/intended_use/anatomy_codes.h"
#include "model/decoder/pixels/pixel_layout.h"

namespace hilum::model {
namespace {

constexpr unsigned long most_values = 16;
// How far an age in completed years and a birth date may be apart, since somebody has to round.
constexpr double rounding_years = 2;

std::vector<std::string> values_of(DcmItem& item, const DcmTagKey& tag) {
    std::vector<std::string> values;
    const std::string all = text_of(item, tag);
    const auto count = static_cast<unsigned long>(std::ranges::count(all, '\\')) + (all.empty() ? 0 : 1);
    for (unsigned long i = 0; i < std::min(count, most_values); ++i)
        values.push_back(upper(text_of(item, tag, i)));
    return values;
}

std::optional<int> digits(std::string_view text) {
    int number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || text.empty() || text.front() == '-')
        return {};
    return number;
}

std::optional<double> if_age(double years) {
    return is_age(years) ? std::optional(years) : std::nullopt;
}

}  // namespace

std::optional<double> years_of_age_string(const std::string& age) {
    if (age.size() < 2 || age.size() > 4) return {};
    const auto number = digits(std::string_view(age).substr(0, age.size() - 1));
    if (!number) return {};
    switch (age.back()) {
        case 'Y':
            return if_age(*number);
        case 'M':
            return if_age(*number / 12.0);
        case 'W':
            return if_age(*number * 7 / 365.25);
        case 'D':
            return if_age(*number / 365.25);
        default:
            return {};
    }
}

std::optional<double> years_between(const std::string& birth_date, const std::string& date) {
    const auto birth = parse_date(birth_date), then = parse_date(date);
    if (!birth || !then || *then < *birth) return {};
    const bool had_birthday =
        std::pair(then->month(), then->day()) >= std::pair(birth->month(), birth->day());
    const int completed =
        static_cast<int>(then->year()) - static_cast<int>(birth->year()) - (had_birthday ? 0 : 1);
    if (completed >= 1) return if_age(completed);
    return (std::chrono::sys_days(*then) - std::chrono::sys_days(*birth)).count() / 365.25;
}

namespace {

// The Patient's Age is taken at its word where both are told.
void compare_ages(RadiographHeader& header, double by_birth_date) {
    if (std::abs(*header.patient_age_years - by_birth_date) <= rounding_years) return;
    header.other_age_years = by_birth_date;
    add_note(header.notes, "age",
             fmt::format("The Patient's Age says {:.3g} years, birth and study date say {:.3g}.",
                         *header.patient_age_years, by_birth_date));
}

void note_unreadable_age(RadiographHeader& header, bool has_age, bool has_birth_date) {
    if (has_age)
        add_note(header.notes, "age",
                 header.patient_age_years
                     ? "The Patient's Age cannot be read: it was taken from birth and study date."
                     : "The Patient's Age cannot be read.");
    if (has_birth_date && !header.patient_age_years)
        add_note(header.notes, "birth_date",
                 "The Patient's Birth Date and the Study Date tell no age: one of them cannot be read, is "
                 "absent, or they are in the wrong order or too far apart.");
}

void read_age(DcmDataset& dataset, RadiographHeader& header) {
    const std::string age = upper(text_of(dataset, DCM_PatientAge));
    const std::string birth_date = text_of(dataset, DCM_PatientBirthDate);
    const auto by_birth_date = years_between(birth_date, text_of(dataset, DCM_StudyDate));
    header.patient_age_years = years_of_age_string(age);
    if (header.patient_age_years) {
        if (by_birth_date) compare_ages(header, *by_birth_date);
        return;
    }
    header.patient_age_years = by_birth_date;
    // Also where what stands there is no text, or too long to be read.
    header.patient_age_unreadable = !header.patient_age_years && (has_value(dataset, DCM_PatientAge) ||
                                                                  has_value(dataset, DCM_PatientBirthDate));
    note_unreadable_age(header, !age.empty(), !birth_date.empty());
}

// Names come back in results as they could be read.
void note_character_set(DcmDataset& dataset, ImageNotes& notes) {
    constexpr Uint32 longest_text = 64 * 1024;  // bytes
    for (DcmElement* const element : elements_of(dataset)) {
        if (element->getLengthField() > longest_text || !depends_on_character_set(*element) ||
            is_text_as_declared(dataset, *element))
            continue;
        const std::string declared = text_of(dataset, DCM_SpecificCharacterSet);
        return add_note(notes, "character_set",
                        declared.empty()
                            ? "The header declares no character set, and its text is not all ASCII."
                            : fmt::format("Text of the header is not in the character set that it "
                                          "declares ({}).",
                                          loggable(declared)));
    }
}

// A primary anatomic structure is what was looked for, and may lie within the body part: it contradicts none.
void read_body_part(DcmDataset& dataset, RadiographHeader& header) {
    std::string& body_part = header.attributes.body_part;
    body_part = upper(text_of(dataset, DCM_BodyPartExamined));
    const auto region = body_part_of(code_of(dataset, DCM_AnatomicRegionSequence));
    if (!body_part.empty())
        header.coded_body_part = region;
    else if (!region.word.empty())
        body_part = region.word;
    else
        body_part = body_part_of(code_of(dataset, DCM_PrimaryAnatomicStructureSequence)).word;
}

void read_view(DcmDataset& dataset, RadiographHeader& header) {
    std::string& view = header.attributes.view;
    view = upper(text_of(dataset, DCM_ViewPosition));
    std::vector<Code> modifiers;
    for (DcmItem* const coded : items_of(dataset, DCM_ViewCodeSequence))
        for (DcmItem* const modifier : items_of(*coded, DCM_ViewModifierCodeSequence))
            if (modifiers.size() < most_values) modifiers.push_back(code_in(*modifier));
    const auto coded = view_of(code_of(dataset, DCM_ViewCodeSequence), modifiers);
    if (view.empty())
        view = coded.word;
    else
        header.coded_view = coded;
    header.is_oriented_as_lateral = is_oriented_as_lateral(dataset);
}

// What is no reason to refuse an image, since many a radiograph says so, but is one to look at it.
void note_odd_kind(RadiographHeader& header) {
    if (header.quality_control_image == "BOTH")
        add_note(header.notes, "quality_control",
                 "The image shows a patient and an object of quality control (Quality Control Image BOTH).");
    if (header.conversion_type == "WSD")
        add_note(header.notes, "image_type",
                 "The image was made at a workstation (Conversion Type WSD): it may be a processed one.");
    const bool is_capture = !header.conversion_type.empty();
    if (!is_capture && header.image_type.size() > 1 && header.image_type[1] == "SECONDARY")
        add_note(
            header.notes, "image_type",
            "The image was made after the examination (Image Type SECONDARY): it may be a processed one.");
}

// Of which kind the image is, but for its modality, body part and view.
void read_kind(DcmDataset& dataset, RadiographHeader& header) {
    header.presentation_intent_type = upper(text_of(dataset, DCM_PresentationIntentType));
    header.manufacturer = text_of(dataset, DCM_Manufacturer);
    header.quality_control_image = upper(text_of(dataset, DCM_QualityControlImage));
    header.quality_control_subject = upper(text_of(dataset, DCM_QualityControlSubject));
    header.conversion_type = upper(text_of(dataset, DCM_ConversionType));
    header.image_type = values_of(dataset, DCM_ImageType);
    note_odd_kind(header);
}

}  // namespace

RadiographHeader read_radiograph_header(DcmDataset& dataset) {
    RadiographHeader header;
    RadiographAttributes& attributes = header.attributes;
    attributes.sop_instance_uid = text_of(dataset, DCM_SOPInstanceUID);
    attributes.sop_class_uid = text_of(dataset, DCM_SOPClassUID);
    attributes.transfer_syntax_uid = transfer_syntax_of(dataset);
    attributes.modality = upper(text_of(dataset, DCM_Modality));
    read_body_part(dataset, header);
    read_view(dataset, header);
    attributes.rows = static_cast<int>(integer_of(dataset, DCM_Rows).value_or(0));
    attributes.columns = static_cast<int>(integer_of(dataset, DCM_Columns).value_or(0));

    read_kind(dataset, header);
    for (const DcmTagKey& tag : {DCM_StudyDescription, DCM_SeriesDescription, DCM_ProtocolName,
                                 DCM_AcquisitionDeviceProcessingDescription})
        if (auto text = text_of(dataset, tag); !text.empty()) header.descriptions.push_back(std::move(text));
    header.has_pixels = attributes.rows > 0 && attributes.columns > 0 && dataset.tagExists(DCM_PixelData);
    read_age(dataset, header);
    note_character_set(dataset, header.notes);
    return header;
}

}  // namespace hilum::model
