// The analysis of a reader study as a page, as JSON and as a table.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "evaluation/readers/study_figures.h"
#include "evaluation/readers/study_size.h"

namespace hilum::readers {

struct AnalysisReport {
    Study study;
    CheckedResults checked;
    StudyFigures figures;
    std::string made_at;  // date, as the page shows it
    std::string program;  // "hilum 0.1.0"
};

// Of a finding's area: readers and cases that find the pilot's difference, or `difference`, with a chance of
// 80 %.
struct NeededSize {
    std::size_t readers = 0;
    std::optional<std::size_t> cases;  // none: more than 5000, or no number does
};
std::vector<NeededSize> needed_sizes(const ReaderComparison& pilot, double difference);

// One sentence: what changed, by how much, and whether chance explains it.
std::string comparison_words(const Comparison& comparison, const std::string& finding);

std::string analysis_page(const AnalysisReport& report);
nlohmann::json analysis_json(const AnalysisReport& report);
// One line for each finding, modality and reader.
std::string figures_csv(const AnalysisReport& report);
// What was excluded or told: code,excluded,reader,case,words.
std::string remarks_csv(const CheckedResults& checked);

}  // namespace hilum::readers
