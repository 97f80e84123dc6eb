// Small tools for building content trees with dcmsr; for measurement_report.cpp and
// qualitative_evaluations.cpp.
#pragma once

#include <dcmtk/config/osconfig.h>

#include <dcmtk/dcmsr/dsrdoc.h>

#include <string>
#include <vector>

#include "base/error.h"
#include "contract/analysis.h"
#include "results/capture/activation_contour.h"
#include "results/report/report_terms.h"
#include "results/source_header.h"

namespace hilum::results {

// Runs building steps until the first that DCMTK refuses and keeps its name for the error.
class BuildSteps {
  public:
    BuildSteps& operator()(const char* step, const OFCondition& condition) {
        if (failed_.empty() && condition.bad()) failed_ = fmt::format("{}: {}", step, condition.text());
        return *this;
    }
    Status status() const {
        if (failed_.empty()) return {};
        return fail("report", "the report cannot be built: {}", failed_);
    }

  private:
    std::string failed_;
};

inline OFString dcmtk_string(const std::string& text) {
    return {text.data(), text.size()};
}

inline DSRCodedEntryValue coded(const Code& code) {
    return {dcmtk_string(code.value), dcmtk_string(code.scheme), dcmtk_string(code.meaning)};
}

// The image, or the one frame of it that is spoken of.
inline OFCondition set_reference(DSRImageReferenceValue& reference, const SourceImage& source) {
    const OFCondition set = reference.setReference(*source.header, OFFalse);
    if (set.good() && is_frame(*source.image)) reference.getFrameList().addItem(source.image->frame);
    return set;
}

inline DSRCodedEntryValue no_units() {
    return {"1", "UCUM", "no units"};
}

// TID 4019 Algorithm Identification: what computed `result`, with the threshold of `label` (null: of no one
// label) where thresholds decide, and what was not taken as the image says it.
Result<DSRDocumentSubTree*> algorithm_identification(const InferenceResult& result, const LabelResult* label,
                                                     const ImageNotes& notes, const Words& words);

// Adds a finding's activation regions to the measurement group at which the tree's cursor stands, and leaves
// the cursor there: closed POLYLINEs in pixels of the image or frame that they are SELECTED FROM (PS3.3
// C.18.6.1).
Status add_activation_regions(DSRDocumentTree& tree, const std::vector<ImageRegion>& regions,
                              const SourceImage& source, const Words& words);

// Fills the container "Qualitative Evaluations" (TID 1500 rows 12 to 14), at which the tree's cursor stands:
// each image's diagnosis first, then the notice, then all else.
struct EvaluationContext {
    const std::vector<SourceImage>& sources;
    std::size_t images_tried;  // or frames of them; also those that cannot be told of
    std::string notice;        // empty: none
    std::string version_text;  // empty: the first version
    const Words& words;
};
Status add_qualitative_evaluations(DSRDocumentTree& tree, const EvaluationContext& context);

}  // namespace hilum::results
