// Markdown, as GitHub and pandoc read it. Internal to the folder.
#pragma once

#include <string>
#include <vector>

namespace hilum::training {

// Text that means nothing but itself: names come from DICOM headers and from files.
std::string literal(const std::string& text);

// Cells are taken as they are. Numbers, every column but the first, are set to the right.
enum class Cells { words, numbers };
std::string markdown_table(Cells cells, const std::vector<std::string>& head,
                           const std::vector<std::vector<std::string>>& rows);

}  // namespace hilum::training
