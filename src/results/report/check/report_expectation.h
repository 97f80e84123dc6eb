// What a report must be by what it is made from, for the template checker.
#pragma once

#include <vector>

#include "contract/messages/composing.h"
#include "results/report/check/template_checker.h"
#include "results/source_header.h"

namespace hilum::results {

// `images`: that the report is about. Of activation regions it says none.
ReportExpectation expectation_of(const ComposeRequest& request, const ReportProfile& profile,
                                 const std::vector<SourceImage>& images);

}  // namespace hilum::results
