#include "deidentification/profile.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace hilum::deidentification {
namespace {

Action action(Tag tag, bool is_radiograph, bool is_temporal = false,
              const ProfileOptions& options = {.modified_dates = false, .patient_characteristics = false}) {
    return action_of(tag, profile_table().at(tag), options, is_radiograph, is_temporal);
}

// Against Orthanc's table of 2021b the end-to-end test compares it, tag by tag.
TEST(ProfileTable, HasTheRowsOfTheStandard) {
    std::map<std::string, int> of_action;
    for (const auto& [tag, row] : profile_table()) ++of_action[row.basic];
    EXPECT_EQ(profile_table().size(), 617U);
    const std::map<std::string, int> expected = {{"X", 380}, {"Z", 42},    {"D", 92},
                                                 {"U", 54},  {"X/Z", 11},  {"X/D", 22},
                                                 {"Z/D", 6}, {"X/Z/D", 8}, {"X/Z/U*", 2}};
    EXPECT_EQ(of_action, expected);
    EXPECT_EQ(profile_table().at(0x00100010).basic, "Z");
    EXPECT_EQ(profile_table().at(0x0020000D).basic, "U");
    EXPECT_FALSE(profile_table().at(0x00100030).modified_dates);  // a date of birth is never moved, but goes
    std::set<Tag> kept, cleaned;
    for (const auto& [tag, row] : profile_table()) {
        if (row.patient_characteristics == "K") kept.insert(tag);
        if (row.patient_characteristics == "C") cleaned.insert(tag);
    }
    EXPECT_EQ(kept, (std::set<Tag>{0x00100040, 0x00101010, 0x00101020, 0x00101030, 0x00102160, 0x001021A0,
                                   0x001021C0, 0x00102203}));
    EXPECT_EQ(cleaned, (std::set<Tag>{0x00102110, 0x00380050, 0x00380500, 0x00400012}));
}

TEST(ActionOf, CombinedActionsKeepTheTypesOfRadiographs) {
    EXPECT_EQ(action(0x00080080, true), Action::remove);  // Institution Name, type 3
    EXPECT_EQ(action(0x00400555, true), Action::empty);   // Acquisition Context Sequence of DX, type 2
    EXPECT_EQ(action(0x00080023, true), Action::empty);   // Content Date, 2C
    EXPECT_EQ(action(0x00081140, true), Action::remove);  // Referenced Image Sequence, type 3
}

TEST(ActionOf, CombinedActionsKeepEveryOtherIodConformant) {
    EXPECT_EQ(action(0x00080080, false), Action::dummy);
    EXPECT_EQ(action(0x00080022, false), Action::empty);
    EXPECT_EQ(action(0x00081140, false), Action::keep);
}

TEST(ActionOfText, KeepsWhatACopyNeedsAndTheTypesOfTheRest) {
    for (const bool is_radiograph : {true, false}) {
        EXPECT_EQ(action_of_text(0x00080070, is_radiograph), Action::keep);  // Manufacturer
        EXPECT_EQ(action_of_text(0x00080119, is_radiograph), Action::keep);  // Long Code Value
        EXPECT_EQ(action_of_text(0x0040E001, is_radiograph),
                  Action::dummy);  // HL7 Instance Identifier, type 1
    }
    EXPECT_EQ(action_of_text(0x00201040, true), Action::empty);  // Position Reference Indicator, type 2
    EXPECT_EQ(action_of_text(0x00100034, true),
              Action::remove);  // Patient's Death Date in Alternative Calendar
    EXPECT_EQ(action_of_text(0x00401006, true), Action::remove);  // Placer Order Number / Procedure, retired
    EXPECT_EQ(action_of_text(0x00620005, false), Action::dummy);  // Segment Label, type 1
}

TEST(ActionOf, OptionsChangeWhatTheyNameAndNothingElse) {
    const ProfileOptions both;
    EXPECT_EQ(action(0x00080020, true, true, both), Action::shift);
    EXPECT_EQ(action(0x00080020, true, false, both), Action::empty);  // not a date by its VR
    EXPECT_EQ(action(0x00080020, true, true), Action::empty);
    EXPECT_EQ(action(0x00080201, true, false, both), Action::keep);  // Timezone Offset From UTC
    EXPECT_EQ(action(0x00080201, true), Action::remove);
    EXPECT_EQ(action(0x00101010, true, false, both), Action::keep);
    EXPECT_EQ(action(0x00101010, true), Action::remove);
    EXPECT_EQ(action(0x00102110, true, false, both), Action::remove);  // Allergies: nobody cleans them
    EXPECT_EQ(action(0x00100030, true, true, both), Action::empty);
    EXPECT_EQ(action(0x00100010, true, false, both), Action::empty);
}

}  // namespace
}  // namespace hilum::deidentification
