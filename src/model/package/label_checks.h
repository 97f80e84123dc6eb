// What labels of a package must be so that results can tell of them: codes that no other label has, and
// letters that pictures can show.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/yaml_reader.h"
#include "model/package/model_package.h"

namespace hilum::model {

// The labels that were checked, by the coding scheme and the value of their codes.
using KnownCodes = std::map<std::pair<std::string, std::string>, std::string>;

// Notes as a problem, at the label's mapping, a code by which results would take it for another label, or for
// what Hilum itself says: programs know a label by its code alone (PS3.3 8.1, 8.2).
void check_code(YamlMapping& at, const Label& label, KnownCodes& known);

// What pictures show of the package and the font that they are drawn in may lack, a sentence for each text.
// It has the letters of Latin, Greek and Cyrillic; for others it takes another font where they are drawn.
std::vector<std::string> letters_beyond_the_font(const ModelPackage& package);

}  // namespace hilum::model
