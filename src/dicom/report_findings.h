// What a Structured Report says of images, for who wants its findings as labels: TID 1500 and its like
// (Finding in a Measurement Group, with or without a presence), TID 2000 and other basic reports with coded
// findings, and reports that answer each question by Present or Absent, as Hilum's do. What stands under
// headings such as History, Request or Previous Findings is counted, and is no finding of the images. Free of
// DCMTK.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "contract/analysis.h"

namespace hilum {

struct ReportedFinding {
    Code code;
    // Absent: told to be absent, or neither to be there nor not to be (Indeterminate, Undetermined).
    bool present = true;
    std::vector<std::string> images;  // SOP Instance UIDs that its item or group refers to; empty: all
};

struct ReportReading {
    std::string sop_instance_uid, study_instance_uid;
    std::vector<std::string> predecessors;  // SOP Instance UIDs of reports that it replaces
    // Of evidence (Current Requested Procedure Evidence Sequence) in the report's study, but other reports;
    // empty: of the study as a whole.
    std::vector<std::string> images;
    bool verified = false;                  // Verification Flag
    bool complete = true;                   // Completion Flag, where there is one
    bool by_device = false;                 // a Device observes, and no Person does
    bool by_person = false;                 // a Person observes
    std::vector<ReportedFinding> findings;  // in the order of the report; a code may be there more than once
    std::size_t findings_elsewhere = 0;     // under headings that do not speak of what the images show
};

// Empty of a DICOM file that is no Structured Report. Codes: those of load_dicom_file(), "too_large" (more
// than largest_report bytes, or far too many content items), "malformed" (no SOP or Study Instance UID). The
// file was not written by friends: its structure is bounded before anything parses it.
Result<std::optional<ReportReading>> read_report_findings(const std::filesystem::path& file);
inline constexpr std::uintmax_t largest_report = 64U << 20;

}  // namespace hilum
