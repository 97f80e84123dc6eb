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
