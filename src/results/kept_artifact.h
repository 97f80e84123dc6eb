// What the analysis of an image kept for its results.
#pragma once

#include "base/error.h"
#include "contract/artifact/analysis_artifact.h"
#include "contract/messages/composing.h"
#include "results/handed_files.h"

namespace hilum::results {

inline constexpr const char* artifact_damaged = "artifact_damaged";  // a new analysis of the image mends it

// Code artifact_damaged alone where a new analysis mends it; others where the file system failed.
Result<AnalysisArtifact> kept_artifact(const StudyImage& image, HandedFiles& files);

}  // namespace hilum::results
