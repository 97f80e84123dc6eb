// The codes with which radiographs name their anatomic region and their view, as words of the standard.
#pragma once

#include <string>
#include <vector>

#include "contract/analysis.h"

namespace hilum::model {

// What a code says, in upper case; empty for an empty code.
struct CodedWord {
    std::string word;
    // The code is one of SNOMED's or DICOM's, or its meaning a word that is known here. Else it is text of
    // somebody's own, in whatever language: it may say what another word says.
    bool is_known = false;
};

// For a code of Anatomic Region Sequence (PS3.16 CID 4009, which is CID 4031) the term of Body Part Examined
// (PS3.16 Annex L): CHEST for the thorax, LUNG for lungs, whole or in part. For other codes their meaning, so
// that a known but foreign region is not taken for an unknown one. A code without a value is told by its
// meaning alone.
CodedWord body_part_of(const Code& code);

// For a code of View Code Sequence (PS3.16 CID 4010) the term of View Position (PS3.3 C.8.11.5.1.1), or a
// word of CID 4010 where that has none. For other codes their meaning, likewise. What `modifiers` (View
// Modifier Code Sequence) say of an oblique, axial, lordotic or decubitus view stands behind it: "PA
// OBLIQUE".
CodedWord view_of(const Code& code, const std::vector<Code>& modifiers = {});

}  // namespace hilum::model
