// The Secondary Capture of one analysed radiograph, or one frame of it: Secondary Capture Image Storage, 8
// bits, one frame, in a series of modality OT of the same study. Many viewers show this and not the
// Structured Report. RGB with everything drawn in, or MONOCHROME2 with nothing drawn in, for a presentation
// state.
#pragma once

#include <memory>

#include "contract/artifact/analysis_artifact.h"
#include "results/result_identity.h"
#include "results/result_modules.h"
#include "results/source_header.h"

class DcmDataset;
class DcmItem;

namespace hilum::results {

// `source` is an image with a result; `artifact` is what its analysis kept. The result's own text must be
// ASCII or the source in UTF-8. Codes: those of draw_capture and
// draw_grayscale; "writing" when DCMTK refuses.
Result<std::shared_ptr<DcmDataset>> build_secondary_capture(const ComposeRequest& request,
                                                            const ReportProfile& profile,
                                                            const SourceImage& source,
                                                            const AnalysisArtifact& artifact,
                                                            const Equipment& equipment);

// Instance Number of a capture, and of its presentation state: by the radiograph's own and its series' (all
// captures of a study are in one series, and the radiographs may each be in their own), and by frame.
long long capture_number(const SourceImage& source);

// The VOI that leaves 8 bits as they are (PS3.3 C.11.2.1.2).
void put_identity_window(DcmItem& target);

// Whether the profile wants a capture of this image: never of one that was not analysed.
bool wants_capture(const ReportProfile& profile, const StudyImage& image);

}  // namespace hilum::results
