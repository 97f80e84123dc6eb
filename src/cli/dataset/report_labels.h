// Labels of images from the Structured Reports of their studies.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "cli/terminal/progress.h"
#include "evaluation/dataset/labels_file.h"
#include "evaluation/dataset/summary.h"

namespace hilum::cli {

struct ReportSources {
    std::vector<std::filesystem::path>
        reports;  // files, and folders of them; what is no report is passed over
    // "FINDING=LABEL" each: a code's value, SCHEME:VALUE, or meaning (whatever its case), and what it is
    // called.
    std::vector<std::string> findings;
    std::string without_finding;      // label where a report names none of them as present; empty: left out
    bool include_unverified = false;  // also what neither a person verified nor one observed
};

struct ReportLabels {
    // One for each file that a report is of; `file` its absolute path, `line` 0.
    std::vector<dataset::LabelledFile> lines;
    // Reports: "report_unverified", "report_incomplete", "report_replaced" (a newer one says so),
    // "report_unreadable", "report_of_other_findings" (all stand under headings such as Previous Findings);
    // images: "reports_differ".
    std::vector<dataset::Exclusion> exclusions;
};

// A report is of the images that it names as evidence; of all of its study where it names none. Where several
// that count are of one image, they must agree. Codes: "unreadable" (a folder), "labels" (a finding without
// '='; no report counts).
Result<ReportLabels> labels_of_reports(const ReportSources& sources,
                                       const std::vector<std::filesystem::path>& images, Progress& progress);

// For Option::checked().
std::string problem_of_finding(const std::string& text);

}  // namespace hilum::cli
