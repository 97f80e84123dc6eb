// The Secondary Capture of one analysed radiograph, or one frame of it: Secondary Capture Image Storage, RGB,
// 8 bits, one frame, in a series of modality OT of the same study. Many viewers show this and not the
// Structured Report.
#pragma once

#include <memory>

#include "pipeline/types/analysis_artifact.h"
#include "results/result_identity.h"
#include "results/result_modules.h"
#include "results/source_header.h"

class DcmDataset;

namespace hilum::results {

// `source` is an image with a result; `artifact` is what its analysis kept. The result's own text must be
// ASCII or the source in UTF-8. Codes: those of draw_capture; "writing" when DCMTK refuses.
Result<std::shared_ptr<DcmDataset>> build_secondary_capture(const ComposeRequest& request,
                                                            const ReportProfile& profile,
                                                            const SourceImage& source,
                                                            const AnalysisArtifact& artifact,
                                                            const Equipment& equipment);

// Whether the profile wants a capture of this image: never of one that was not analysed.
bool wants_capture(const ReportProfile& profile, const StudyImage& image);

}  // namespace hilum::results
