// The codes with which radiographs name their anatomic region and their view, as words of the standard.
#pragma once

#include <string>

#include "contract/analysis.h"

namespace hilum::model {

// For a code of Anatomic Region Sequence (PS3.16 CID 4009, which is CID 4031) the term of Body Part Examined
// (PS3.16 Annex L): CHEST for the thorax, LUNG for lungs, whole or in part. For other codes their meaning, so
// that a known but foreign region is not taken for an unknown one. Empty for an empty code.
std::string body_part_of(const Code& code);

// For a code of View Code Sequence (PS3.16 CID 4010) the term of View Position (PS3.3 C.8.11.5.1.1), or a
// word of CID 4010 where that has none. For other codes their meaning.
std::string view_of(const Code& code);

}  // namespace hilum::model
