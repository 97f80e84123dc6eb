// Which answers count: each is one that the study asked for, once and whole. What does not count is told.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"
#include "evaluation/readers/results_file.h"

namespace hilum::readers {

struct Remark {
    std::string code;
    std::string words;  // what, where, and what became of it
    std::string reader;
    std::string case_id;
    bool excluded = false;  // an answer (or a whole file) that does not count
};

struct CheckedResults {
    std::vector<Answer> answers;  // those that count; times that do not are empty in them
    std::vector<Remark> remarks;  // on answers in the order of files and lines, then on all together
};

// Faster or slower readings are no reading times: a slip of the key, or a lunch.
inline constexpr double least_seconds = 1, most_seconds = 1800;

// Codes of what is excluded:
//   other_study      the file's, whole
//   unknown_reader, unknown_case   none of the study
//   not_asked        the session has no such case, or not in this modality
//   incomplete       a finding without confidence or decision, and not unreadable
//   out_of_range     a confidence that the scale does not have
//   taken_back       answered anew later, where the study lets readers go back: the last answer counts, with
//                    the time of all of them
// Codes of what is only told:
//   repeated         the same answer in two files: counted once
//   absurd_time      the answer counts, its time does not
//   contradiction    a decision that the confidence speaks against (below or above the middle of the scale)
//   missing          readings of a session that nobody answered, or a session as a whole
//   washout          fewer days between the sessions than the study wants
// Fails with "answered_twice" and reader, session, case and place of each answer that was given twice and
// differently where an answer is final, or where times and lines do not tell which is the last.
Result<CheckedResults> check_results(const Study& study, const std::vector<ResultsFile>& files);

}  // namespace hilum::readers
