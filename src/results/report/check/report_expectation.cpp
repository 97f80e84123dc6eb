#include "results/report/check/report_expectation.h"

#include <algorithm>

#include "dicom/dataset_reading.h"
#include "results/report/measurement_report.h"
#include "results/report/report_terms.h"
#include "results/result_identity.h"

namespace hilum::results {

ReportExpectation expectation_of(const ComposeRequest& request, const ReportProfile& profile,
                                 const std::vector<SourceImage>& images) {
    ReportExpectation expected;
    expected.sop_class_uid = sop_class_uid(profile.sr_class);
    expected.has_predecessor = request.version > 1 && !request.predecessors.empty();
    expected.language = profile.language;
    expected.images_tried = images_tried(request);
    expected.notice_required = false;
    for (const ModelIdentity& model : models_of(request, images))
        expected.notice_required = expected.notice_required || !model.cleared_for_clinical_use;
    for (const SourceImage& image : images) {
        const auto& result = image.image->outcome.result;
        expected.images.push_back({text_of(*image.header, DCM_SOPClassUID), image.image->sop_instance_uid,
                                   result.has_value(), is_frame(*image.image) ? image.image->frame : 0,
                                   integer_of(*image.header, DCM_Columns).value_or(0),
                                   integer_of(*image.header, DCM_Rows).value_or(0)});
        if (!result) continue;
        expected.decided += is_indeterminate(*result) ? 0 : 1;
        expected.findings += static_cast<std::size_t>(std::ranges::count_if(result->labels, is_finding));
        if (result->activation == "none") expected.scores_in_unit_range = false;
    }
    return expected;
}

}  // namespace hilum::results
