#include "deidentification/element_rules.h"

#include <charconv>
#include <set>

#include "base/text.h"
#include "deidentification/date_shift.h"
#include "dicom/dataset_reading.h"

namespace hilum::deidentification {
namespace {

constexpr Tag patients_sex = 0x00100040, patients_age = 0x00101010, timezone_offset = 0x00080201;
constexpr unsigned oldest_told = 90;  // years; all who are older are 90, as HIPAA's Safe Harbor has it

Tag tag_of(const DcmElement& element) {
    const auto& tag = element.getTag();
    return static_cast<Tag>(tag.getGroup()) << 16 | tag.getElement();
}

DcmEVR vr_of(DcmElement& element) {
    return DcmVR(element.ident()).getValidEVR();
}

bool is_temporal(DcmEVR vr) {
    return vr == EVR_DA || vr == EVR_DT || vr == EVR_TM;
}

// Whatever the table says.
bool always_goes(Tag tag, bool is_top) {
    const auto group = group_of(tag);
    return group % 2 == 1 || (tag & 0xFFFF) == 0 || group < 0x0008 || (group & 0xFF00) == 0x5000 ||
           (group & 0xFF00) == 0x6000 || group >= 0xFFFA || (group == 0x7FE0 && !is_top);
}

bool is_text(DcmEVR vr) {
    switch (vr) {
        case EVR_OB:
        case EVR_OW:
        case EVR_US:
        case EVR_SS:
        case EVR_UL:
        case EVR_SL:
        case EVR_FL:
        case EVR_FD:
            return false;
        default:
            return true;
    }
}

// Whether a value that stays is of the kind that its tag says, so that no text stands where a number, a code
// or a sequence should. Numbers and lookup tables of the picture come in more than one kind.
bool is_as_expected(Tag tag, DcmEVR vr) {
    if (group_of(tag) == 0x7FE0 || (group_of(tag) == 0x0028 && !is_text(vr))) return true;
    const DcmTag known(group_of(tag), static_cast<Uint16>(tag & 0xFFFF));
    const auto expected = known.getEVR();
    return expected == vr || DcmVR(expected).getValidEVR() == vr || (expected == EVR_xs && !is_text(vr));
}

// UIDs that identify no patient's object: of classes and of coding schemes.
bool is_kept_uid(Tag tag) {
    static const std::set<Tag> tags = {0x00080016, 0x0008001A, 0x0008001B, 0x0008010C,
                                       0x00080117, 0x00080118, 0x00081150};
    return tags.contains(tag);
}

// Of what the table does not name.
Action action_by_vr(Tag tag, DcmEVR vr, const ProfileOptions& options, bool is_radiograph) {
    if (group_of(tag) == 0x7FE0) return Action::keep;  // the pixels
    if (!is_in_dictionary(tag)) return Action::remove;
    switch (vr) {
        case EVR_DA:
        case EVR_DT:
        case EVR_TM:
            return options.modified_dates ? Action::shift : Action::remove;
        case EVR_UI:
            return is_kept_uid(tag) ? Action::keep : Action::map_uid;
        case EVR_OB:
        case EVR_OW:
        case EVR_OD:
        case EVR_OF:
        case EVR_OL:
        case EVR_OV:
            return group_of(tag) == 0x0028 ? Action::keep : Action::remove;  // lookup tables
        case EVR_PN:
        case EVR_AE:
        case EVR_UR:
        case EVR_UN:
            return Action::remove;
        case EVR_LO:
        case EVR_LT:
        case EVR_SH:
        case EVR_ST:
        case EVR_UC:
        case EVR_UT:
            return is_as_expected(tag, vr) ? action_of_text(tag, is_radiograph) : Action::remove;
        default:
            return Action::keep;
    }
}

std::string value_of(DcmElement& element) {
    OFString value;
    if (element.getLengthField() > longest_value || element.getOFStringArray(value).bad()) return {};
    return {value.c_str(), value.length()};
}

// false: it takes no text, and still has its old value.
bool set_value(DcmElement& element, const std::string& value) {
    return element.putOFStringArray(OFString(value.data(), value.size())).good();
}

bool empty_it(DcmElement& element) {
    element.clear();
    return true;
}

bool map_uids(DcmElement& element, const Pseudonyms& pseudonyms) {
    if (vr_of(element) != EVR_UI) return false;
    if (element.getLengthField() > longest_value) return false;
    std::string mapped;
    for (auto uid : split(value_of(element), '\\')) {
        uid = uid.substr(0, uid.find_last_not_of(std::string_view(" \0", 2)) + 1);
        if (!mapped.empty()) mapped += '\\';
        const bool standard = uid.empty() || uid.starts_with("1.2.840.10008.");
        mapped += standard ? uid : pseudonyms.uid(uid).value();
    }
    return set_value(element, mapped);
}

bool shift(DcmElement& element, int days) {
    const auto vr = vr_of(element);
    const auto value = value_of(element);
    const auto earlier = vr == EVR_TM   ? times_of_day(value)
                         : vr == EVR_DA ? earlier_date(value, days)
                                        : earlier_date_time(value, days);
    if (!earlier) return empty_it(element);
    return set_value(element, *earlier);
}

bool put_dummy(DcmElement& element) {
    switch (vr_of(element)) {
        case EVR_SQ: {
            auto& sequence = static_cast<DcmSequenceOfItems&>(element);
            sequence.clear();
            sequence.append(new DcmItem());
            return true;
        }
        case EVR_DA:
            return set_value(element, "19000101");
        case EVR_DT:
            return set_value(element, "19000101000000");
        case EVR_TM:
            return set_value(element, "000000");
        case EVR_AS:
            return set_value(element, "000Y");
        case EVR_AE:
        case EVR_LO:
        case EVR_LT:
        case EVR_PN:
        case EVR_SH:
        case EVR_ST:
        case EVR_UC:
        case EVR_UT:
            return set_value(element, "ANONYMIZED");
        default:
            return empty_it(element);
    }
}

// "045Y", or years as some write them, "45"; empty of all else.
std::string told_age(std::string age) {
    while (!age.empty() && (age.back() == ' ' || age.back() == '\0')) age.pop_back();
    const bool unit = !age.empty() && std::string_view("DWMY").find(age.back()) != std::string_view::npos;
    const auto* const last = age.data() + age.size() - (unit ? 1 : 0);
    unsigned count = 0;
    const auto [end, error] = std::from_chars(age.data(), last, count);
    if (age.size() > 4 || error != std::errc() || end != last) return {};
    return (!unit || age.back() == 'Y') && count > oldest_told ? "090Y" : age;
}

// Characteristics that stay are of the form that the standard gives them, or there is something else in them.
bool keep_characteristic(Tag tag, DcmElement& element) {
    if (tag == patients_sex) {
        const auto sex = upper(value_of(element).substr(0, 1));
        const bool known = sex == "M" || sex == "F" || sex == "O";
        return set_value(element, known ? sex : "");
    }
    if (tag == patients_age) return set_value(element, told_age(value_of(element)));
    return element.getLengthField() <= 64;
}

}  // namespace

Action ElementRules::action_for(DcmElement& element, bool is_top) const {
    const auto tag = tag_of(element);
    if (always_goes(tag, is_top)) return Action::remove;
    const auto vr = vr_of(element);
    const auto row = profile_table().find(tag);
    if (row == profile_table().end()) return action_by_vr(tag, vr, options, is_radiograph);
    return action_of(tag, row->second, options, is_radiograph, is_temporal(vr));
}

bool ElementRules::apply(Action action, DcmElement& element) const {
    switch (action) {
        case Action::keep: {
            const auto tag = tag_of(element);
            if (!is_as_expected(tag, vr_of(element))) return false;
            if (tag == timezone_offset && !is_utc_offset(value_of(element))) return false;
            const auto row = profile_table().find(tag);
            if (row == profile_table().end() || row->second.patient_characteristics != "K") return true;
            return keep_characteristic(row->first, element);
        }
        case Action::empty:
            return empty_it(element);
        case Action::dummy:
            return put_dummy(element);
        case Action::map_uid:
            return map_uids(element, pseudonyms);
        case Action::shift:
            return shift(element, days_earlier);
        default:
            return false;
    }
}

}  // namespace hilum::deidentification
