// What becomes of one data element: which action, and how it is done to its value. Includes DCMTK; include it
// from .cpp files.
#pragma once

#include <dcmtk/config/osconfig.h>

#include <dcmtk/dcmdata/dctk.h>

#include <string>

#include "deidentification/profile.h"
#include "deidentification/pseudonyms.h"

namespace hilum::deidentification {

// What is the same for all elements of one object.
struct ElementRules {
    const Pseudonyms& pseudonyms;
    ProfileOptions options;
    int days_earlier = 0;
    bool is_radiograph = true;

    // By the table, and for what it does not name: private elements, curves, overlays, group lengths, what
    // the dictionary does not know, names of people, titles, addresses of the network and values that are
    // mere bytes go; text is as action_of_text() says; dates move or go; UIDs but those of the standard are
    // mapped; the rest, numbers and code strings, stays. `is_top`: of the data set itself, whose pixel data
    // stay.
    Action action_for(DcmElement& element, bool is_top) const;

    // Carries it out on an element that stays; false: its value cannot be made harmless so, and it is to be
    // removed. Throws std::bad_alloc.
    bool apply(Action action, DcmElement& element) const;
};

}  // namespace hilum::deidentification
