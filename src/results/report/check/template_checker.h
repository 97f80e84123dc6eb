// Proves a finished Structured Report: that it is what TID 1500 (PS3.16) and the SR modules (PS3.3 A.35) ask
// for and what it was made from. Neither dciodvfy nor dcmsr does: both accept a wrong template identifier, a
// missing device observer or an empty measurement group. The composer sends no report that fails.
#pragma once

#include <string>
#include <vector>

class DcmItem;

namespace hilum::results {

// One rule that the report breaks. `row` names the rule ("TID 1500 root", "TID 4019 row 1", "SOP Common
// module"); `problem` says how, without patient data.
struct TemplateViolation {
    std::string row;
    std::string problem;
};

struct ExpectedImage {
    std::string sop_class_uid, sop_instance_uid;
    bool analysed = false;
    int frame = 0;                    // that the outcome is of, from 1; 0: the image as a whole
    long long columns = 0, rows = 0;  // pixels; an activation region lies within them
};

// What the report was made from.
struct ReportExpectation {
    std::string sop_class_uid;
    std::string language = "en";
    std::vector<ExpectedImage> images;  // that the report is about, or frames of them; all
    std::size_t images_tried = 0;       // also those that it cannot tell of (images_tried() of the request)
    std::size_t decided = 0;            // that have a diagnosis or "no finding"
    std::size_t findings = 0;  // positive abnormal labels of all images: each has a measurement group
    std::size_t activation_regions = 0;  // in the groups of findings; none, unless the site asked for them
    bool scores_in_unit_range = true;    // false: the model's activation does not bound its scores
    bool notice_required = true;         // not cleared for clinical use
    bool has_predecessor = false;        // a later version
};

// Every violation; empty: the report is right. `source` is the header whose patient and study the report is
// of.
std::vector<TemplateViolation> check_measurement_report(DcmItem& report, DcmItem& source,
                                                        const ReportExpectation& expectation);

}  // namespace hilum::results
