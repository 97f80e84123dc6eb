#include "model/radiograph_header.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <chrono>
#include <string_view>

#include "base/calendar_date.h"
#include "dicom/dataset_reading.h"

namespace hilum::model {
namespace {

std::string upper(std::string text) {
    std::ranges::transform(text, text.begin(),
                           [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return text;
}

constexpr unsigned long most_values = 16;

struct CodedTerm {
    std::string_view sct, srt;  // SNOMED CT's code, and SNOMED RT's that older equipment sends (SRT, SNM3)
    std::string_view term;
};

// PS3.16 CID 4010 DX View, the views of a chest.
constexpr std::array views{
    CodedTerm{"399348003", "R-10206", "AP"}, CodedTerm{"272479007", "R-40888", "PA"},
    CodedTerm{"272479007", "R-10214", "PA"}, CodedTerm{"399173006", "R-10236", "LL"},
    CodedTerm{"399198007", "R-10232", "RL"}, CodedTerm{"399067008", "R-102CD", "LATERAL"},
};
// PS3.16 Annex L: the term of Body Part Examined for a code of Anatomic Region.
constexpr std::array body_parts{CodedTerm{"51185008", "T-D3000", "CHEST"}};

// The term for the code; for others its meaning, which is never empty in a valid item, so that a known but
// foreign region is not taken for an unknown one.
template <std::size_t N>
std::string term_of(const Code& code, const std::array<CodedTerm, N>& terms) {
    if (code.value.empty()) return {};
    for (const CodedTerm& term : terms)
        if (code.value == (code.scheme == "SCT" ? term.sct : term.srt)) return std::string(term.term);
    return upper(code.meaning.empty() ? code.value : code.meaning);
}

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

}  // namespace

std::optional<double> years_of_age_string(const std::string& age) {
    if (age.size() < 2 || age.size() > 4) return {};
    const auto number = digits(std::string_view(age).substr(0, age.size() - 1));
    if (!number) return {};
    switch (age.back()) {
        case 'Y':
            return *number;
        case 'M':
            return *number / 12.0;
        case 'W':
            return *number * 7 / 365.25;
        case 'D':
            return *number / 365.25;
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
    if (completed >= 1) return completed;
    return (std::chrono::sys_days(*then) - std::chrono::sys_days(*birth)).count() / 365.25;
}

namespace {

void read_age(DcmDataset& dataset, RadiographHeader& header) {
    const std::string age = upper(text_of(dataset, DCM_PatientAge));
    const std::string birth_date = text_of(dataset, DCM_PatientBirthDate);
    header.patient_age_years = years_of_age_string(age);
    if (header.patient_age_years) return;
    header.patient_age_years = years_between(birth_date, text_of(dataset, DCM_StudyDate));
    header.patient_age_unreadable = !header.patient_age_years && !(age.empty() && birth_date.empty());
    if (!age.empty())
        add_note(header.notes, "age",
                 header.patient_age_years
                     ? "The Patient's Age cannot be read: it was taken from birth and study date."
                     : "The Patient's Age cannot be read.");
    if (!birth_date.empty() && !header.patient_age_years)
        add_note(header.notes, "birth_date",
                 "The Patient's Birth Date and the Study Date tell no age: one of them cannot be read, is "
                 "absent, or they are in the wrong order.");
}

}  // namespace

RadiographHeader read_radiograph_header(DcmDataset& dataset) {
    RadiographHeader header;
    RadiographAttributes& attributes = header.attributes;
    attributes.sop_instance_uid = text_of(dataset, DCM_SOPInstanceUID);
    attributes.sop_class_uid = text_of(dataset, DCM_SOPClassUID);
    attributes.transfer_syntax_uid = transfer_syntax_of(dataset);
    attributes.modality = upper(text_of(dataset, DCM_Modality));
    attributes.body_part = upper(text_of(dataset, DCM_BodyPartExamined));
    if (attributes.body_part.empty())
        attributes.body_part = term_of(code_of(dataset, DCM_AnatomicRegionSequence), body_parts);
    attributes.view = upper(text_of(dataset, DCM_ViewPosition));
    if (attributes.view.empty()) attributes.view = term_of(code_of(dataset, DCM_ViewCodeSequence), views);
    attributes.rows = static_cast<int>(integer_of(dataset, DCM_Rows).value_or(0));
    attributes.columns = static_cast<int>(integer_of(dataset, DCM_Columns).value_or(0));

    header.presentation_intent_type = upper(text_of(dataset, DCM_PresentationIntentType));
    header.manufacturer = text_of(dataset, DCM_Manufacturer);
    header.image_type = values_of(dataset, DCM_ImageType);
    for (const DcmTagKey& tag : {DCM_StudyDescription, DCM_SeriesDescription, DCM_ProtocolName,
                                 DCM_AcquisitionDeviceProcessingDescription})
        if (auto text = text_of(dataset, tag); !text.empty()) header.descriptions.push_back(std::move(text));
    header.has_pixels = attributes.rows > 0 && attributes.columns > 0 && dataset.tagExists(DCM_PixelData);
    read_age(dataset, header);
    return header;
}

}  // namespace hilum::model
