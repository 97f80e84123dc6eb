// What a reader answered, as the page exports it (JSON or CSV) or a reader wrote it into the worksheet (CSV).
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "evaluation/readers/study.h"

namespace hilum::readers {

struct Answer {
    std::string reader;
    int session = 0;
    std::string case_id;
    Modality modality = Modality::unaided;
    bool unreadable = false;                        // then nothing else is asked for
    std::vector<std::optional<double>> confidence;  // of each finding of the study
    std::vector<std::optional<bool>> decisions;     // likewise: present or not
    std::optional<double> seconds;                  // from the picture's first sight; tab hidden: not counted
    std::string answered_at;                        // ISO 8601, UTC; empty: not told
    std::filesystem::path file = {};
    std::size_t line = 0;  // of a CSV file; of JSON the answer's place, from 1

    // Whether they say the same of the same.
    bool same_as(const Answer& other) const;
    bool is_empty() const;  // a line of the worksheet that nobody filled in
};

struct ResultsFile {
    std::filesystem::path file;
    std::string study;  // its id
    std::vector<Answer> answers;
};

inline constexpr int results_version = 1;

// The columns of CSV: study,reader,session,position,case,modality, for each finding "confidence: F" and
// "decision: F" (present | absent), unreadable (yes | no), seconds, answered_at. Further ones are not read.
std::vector<std::string> results_columns(const Study& study);

// A worksheet of a session without answers, for who reads in the viewer of a PACS.
std::string worksheet_csv(const Study& study, const Session& session);

// Codes: "unreadable"; "csv"; "results" with what is wrong and where: no results of a study, another version,
// a cell or member that cannot be read, several studies in one file.
Result<ResultsFile> read_results(const std::filesystem::path& file, const Study& study);

}  // namespace hilum::readers
