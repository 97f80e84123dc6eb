#include "deidentification/profile.h"

#include <cstdlib>
#include <set>

#include "base/text.h"

namespace hilum::deidentification {
namespace {

constexpr Tag timezone_offset_from_utc = 0x00080201;

std::map<Tag, ProfileRow> parse_table() {
    std::map<Tag, ProfileRow> rows;
    const auto lines = split(profile_table_text, '\n');
    for (std::size_t i = 1; i < lines.size(); ++i) {  // behind the head
        const auto cells = split(lines[i], ',');
        if (cells.size() != 5) continue;  // behind the last line feed
        const auto tag = static_cast<Tag>(std::strtoul(cells[0].c_str(), nullptr, 16));
        rows[tag] = {cells[1], cells[2] == "C", cells[3], cells[4]};
    }
    return rows;
}

// Of combined actions, what an IOD of radiographs has as type 2, or 2C whose condition nobody can look up:
// General Image, DX's Acquisition Context, Contrast/Bolus, Patient Study (PS3.3).
bool is_type_2(Tag tag) {
    static const std::set<Tag> tags = {0x00080023, 0x00080033, 0x00180010,
                                       0x00102203, 0x00400555, 0x00100020};
    return tags.contains(tag);
}

// Text without which a copy is of no use, though no row names it: who made the device, whose pixels a site
// may have rules for; what codes are; what the values of the pixels are.
bool is_kept_text(Tag tag) {
    static const std::set<Tag> kept_text = {
        0x00080070,  // Manufacturer
        0x00080100,  // CodeValue
        0x00080102,  // CodingSchemeDesignator
        0x00080103,  // CodingSchemeVersion
        0x00080104,  // CodeMeaning
        0x00080112,  // CodingSchemeRegistry
        0x00080114,  // CodingSchemeExternalID
        0x00080119,  // LongCodeValue
        0x00081090,  // ManufacturerModelName
        0x00181020,  // SoftwareVersions
        0x00281054,  // RescaleType
        0x00283004,  // ModalityLUTType
    };
    return kept_text.contains(tag);
}

// Of other text, what the modules of radiographs' IODs have as type 1 or 1C, in items as well.
bool is_type_1_text(Tag tag) {
    static const std::set<Tag> tags = {
        0x00080302,  // PrivateCreatorReference
        0x0008030C,  // PrivateDataElementName
        0x0008030D,  // PrivateDataElementKeyword
        0x00100214,  // StrainStockNumber
        0x00100217,  // StrainSource
        0x00100222,  // GeneticModificationsDescription
        0x00100223,  // GeneticModificationsNomenclature
        0x00102201,  // PatientSpeciesDescription
        0x00102295,  // BreedRegistrationNumber
        0x00280A04,  // PixelSpacingCalibrationDescription
        0x00400031,  // LocalNamespaceEntityID
        0x00400032,  // UniversalEntityID
        0x00409210,  // LUTLabel
        0x0040A160,  // TextValue
        0x0040E001,  // HL7InstanceIdentifier
        0x00660031,  // AlgorithmVersion
        0x00660036,  // AlgorithmName
    };
    return tags.contains(tag);
}

bool is_type_2_text(Tag tag) {
    return tag == 0x00102292 || tag == 0x00201040;  // PatientBreedDescription, PositionReferenceIndicator
}

Action action_named(char letter) {
    switch (letter) {
        case 'Z':
            return Action::empty;
        case 'D':
            return Action::dummy;
        case 'U':
            return Action::map_uid;
        default:
            return Action::remove;
    }
}

Action basic_action(Tag tag, const std::string& basic, bool is_radiograph) {
    if (basic.size() == 1) return action_named(basic.front());
    if (is_radiograph) return is_type_2(tag) ? Action::empty : Action::remove;
    if (basic == "X/Z/U*") return Action::keep;  // the UIDs within are mapped by their own rows
    return action_named(basic.back());
}

}  // namespace

const std::map<Tag, ProfileRow>& profile_table() {
    static const auto rows = parse_table();
    return rows;
}

bool is_radiograph_class(std::string_view sop_class_uid) {
    static const std::set<std::string_view> classes = {
        "1.2.840.10008.5.1.4.1.1.1",      // Computed Radiography
        "1.2.840.10008.5.1.4.1.1.1.1",    // Digital X-Ray, for presentation
        "1.2.840.10008.5.1.4.1.1.1.1.1",  // and for processing
        "1.2.840.10008.5.1.4.1.1.1.2",    // Digital Mammography
        "1.2.840.10008.5.1.4.1.1.1.2.1",
        "1.2.840.10008.5.1.4.1.1.7",  // Secondary Capture
    };
    return classes.contains(sop_class_uid);
}

Action action_of_text(Tag tag, bool is_radiograph) {
    if (is_kept_text(tag)) return Action::keep;
    if (!is_radiograph || is_type_1_text(tag)) return Action::dummy;
    return is_type_2_text(tag) ? Action::empty : Action::remove;
}

Action action_of(Tag tag, const ProfileRow& row, const ProfileOptions& options, bool is_radiograph,
                 bool is_temporal) {
    if (options.patient_characteristics && row.patient_characteristics == "K") return Action::keep;
    if (options.modified_dates && row.modified_dates) {
        if (is_temporal) return Action::shift;
        if (tag == timezone_offset_from_utc) return Action::keep;  // times mean nothing without it
    }
    return basic_action(tag, row.basic, is_radiograph);
}

}  // namespace hilum::deidentification
