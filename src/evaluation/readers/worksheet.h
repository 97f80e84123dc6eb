// What a reader gets for one session: a page that opens alone from its folder, without a server or a network,
// and the same as a table for who reads in the viewer of a PACS.
//   index.html           the page
//   worksheet.csv        the table (results_file.h)
//   pictures/CASE.png    each case as the page shows it
//   results/CASE.png     the activation map, laid over the picture; of aided readings alone
// Nothing in it tells the truth, a name, or a file: cases have but their ids.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "evaluation/readers/study.h"

namespace hilum::readers {

// The model's result, as a radiologist sees it: what a Secondary Capture says.
struct ShownResult {
    std::string headline;                                     // the diagnosis, or that there is none
    std::vector<std::string> lines;                           // score, threshold, whether it is calibrated
    std::vector<std::pair<std::string, std::string>> labels;  // each with its score
    std::string mapped_label;                                 // whose activation map is shown; empty: none is
    std::string notice;                                       // "not for clinical use"
};

// By case; those of unaided readings are never written.
using ShownResults = std::map<std::string, ShownResult>;

// Code "study" where an aided reading has no result in `results`.
Result<std::string> worksheet_page(const Study& study, const Session& session, const ShownResults& results);

std::string picture_name(const std::string& case_id);  // "pictures/K7Q2M.png"
std::string map_name(const std::string& case_id);      // "results/K7Q2M.png"

}  // namespace hilum::readers
