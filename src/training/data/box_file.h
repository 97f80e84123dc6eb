// Where lesions are: a CSV file with a header row and the columns file,x,y,width,height, a box a line;
// further columns are not read.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "contract/analysis.h"
#include "training/data/augmentation.h"

namespace hilum::training {

// In pixels of the image as it is stored: columns from the left, rows from the top, of its corner, and its
// size.
struct ImageBox {
    double x = 0, y = 0, width = 0, height = 0;
};

// By the file's name as the table has it: the manifest's, or a path from the table's own folder. Codes:
// "unreadable"; "boxes" with every problem, each with its line: what is no CSV, a column that is missing,
// what is no number, a size that is not positive.
Result<std::map<std::string, std::vector<ImageBox>>> read_boxes(const std::filesystem::path& file);

// The box in pixels of the model's input, whose centres lie at whole numbers: turned, scaled and moved as the
// image was. May lie outside in part or whole (a crop).
Box box_in_input(const ImageBox& box, const InputGeometry& geometry);

}  // namespace hilum::training
