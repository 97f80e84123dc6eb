// What an analysis leaves for the composer.
#pragma once

#include "base/error.h"
#include "contract/artifact/analysis_artifact.h"
#include "pipeline/children/analysis_engine.h"

namespace hilum {

// Copies the pictures out of their memfds.
Result<AnalysisArtifact> to_artifact(const Analysed& analysed);

}  // namespace hilum
