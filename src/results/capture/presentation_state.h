// The Grayscale Softcopy Presentation State (PS3.3 A.33.1) of a grey capture: banner, findings and the
// contours of the activation, as annotations that a viewer can turn off. Where a state is shown, the two are
// what a colour capture is.
//
// It refers to the capture, not to the radiograph: a viewer may apply a state unasked, and the radiograph is
// to be read unmarked first; the state would have to repeat the radiograph's own grayscale pipeline, which
// for colour captures of films it cannot; and a PACS may have given the radiograph other UIDs, or not hold
// it.
#pragma once

#include <memory>

#include "contract/artifact/analysis_artifact.h"
#include "results/result_modules.h"
#include "results/source_header.h"

class DcmDataset;

namespace hilum::results {

// Whether the profile's captures are grey, with a state each.
bool has_presentation_states(const ReportProfile& profile);

// The state of the capture that build_secondary_capture() makes of the same arguments.
std::shared_ptr<DcmDataset> build_presentation_state(const ComposeRequest& request,
                                                     const ReportProfile& profile, const SourceImage& source,
                                                     const AnalysisArtifact& artifact,
                                                     const Equipment& equipment);

}  // namespace hilum::results
