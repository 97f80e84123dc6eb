// The Structured Report of a study: TID 1500 Measurement Report (PS3.16) as Comprehensive 3D, Comprehensive
// or Enhanced SR, with identical content.
//
// Each positive abnormal label of each image is a Measurement Group with finding, site, algorithm, score and
// source image; an image of several frames has them for each frame that was analysed. What an image is as a
// whole ("AI diagnosis = Normal"), what was looked for and not found
// ("Pneumonia = Absent"), and why an image was not analysed, are qualitative evaluations inferred from that
// image: a viewer that prints group headings alone never shows a finding that is not there.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "results/capture/activation_contour.h"
#include "results/result_identity.h"
#include "results/result_modules.h"
#include "results/source_header.h"

class DcmDataset;

namespace hilum::results {

// The activation regions of findings, by image or frame and label, where the profile wants them.
using ActivationRegions = std::map<std::pair<const StudyImage*, std::string>, std::vector<ImageRegion>>;

// The data set of the report. `sources` are the images that it is about, at least one; all the result's own
// text must be ASCII or the sources in UTF-8. Codes: "configuration" (SOP class), "report" (DCMTK refuses an
// item).
Result<std::shared_ptr<DcmDataset>> build_measurement_report(const ComposeRequest& request,
                                                             const ReportProfile& profile,
                                                             const std::vector<SourceImage>& sources,
                                                             const Equipment& equipment,
                                                             const ActivationRegions& regions = {});

// When the analysis that is reported started: the earliest of the images' results, else the time of the last
// file that came (microseconds since 1970 UTC). Never "now": composing again gives the same bytes.
std::int64_t analysis_started_at(const std::vector<SourceImage>& sources);

// The models that looked at the images; the one that is loaded where none did.
std::vector<ModelIdentity> models_of(const ComposeRequest& request, const std::vector<SourceImage>& sources);

}  // namespace hilum::results
