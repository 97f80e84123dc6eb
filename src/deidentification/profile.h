// What the Basic Application Level Confidentiality Profile and two of its options do with each attribute:
// PS3.15 2024b, table E.1-1, which table_e_1_1.csv has line by line. Free of DCMTK.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "dicom/data_element_tag.h"

namespace hilum::deidentification {

// The options of the profile that are carried out; each may be switched off.
struct ProfileOptions {
    bool modified_dates = true;           // Retain Longitudinal Temporal Information with Modified Dates
    bool patient_characteristics = true;  // Retain Patient Characteristics
};

enum class Action {
    keep,
    remove,   // X
    empty,    // Z
    dummy,    // D
    map_uid,  // U
    shift,    // C of a date
};

struct ProfileRow {
    std::string basic;            // "X", "Z", "D", "U", "X/Z", "X/D", "Z/D", "X/Z/D", "X/Z/U*"
    bool modified_dates = false;  // C
    // "K", or "C": to be kept once cleaned by a reader. Nobody cleans here, so that the basic profile holds.
    std::string patient_characteristics;
    std::string keyword;
};

// By tag; private attributes, curves (50xx) and overlays (60xx) are rules, and no rows.
const std::map<Tag, ProfileRow>& profile_table();
extern const char* const profile_table_text;

// Whether `sop_class_uid` is of a radiograph (CR, DX, MG, Secondary Capture), whose attributes' types are
// known.
bool is_radiograph_class(std::string_view sop_class_uid);

// Of text (VR LO, LT, SH, ST, UC, UT) that no row names: nobody reads what it says, so that it goes unless a
// copy is no use without it, or its object not conformant: then a dummy stands where a radiograph's IOD has
// it as type 1 or 1C, or nothing where it is type 2; in objects of other classes, whose types are not looked
// up, a dummy.
Action action_of_text(Tag tag, bool is_radiograph);

// Of a row. Of the combined actions, in objects of a radiograph: Z where its IOD has the attribute as type 2,
// else X. In objects of other classes, whose types are not looked up, that action which keeps every IOD
// conformant: D before Z before X, and U of X/Z/U*. `is_temporal`: its VR is DA, DT or TM.
Action action_of(Tag tag, const ProfileRow& row, const ProfileOptions& options, bool is_radiograph,
                 bool is_temporal);

}  // namespace hilum::deidentification
