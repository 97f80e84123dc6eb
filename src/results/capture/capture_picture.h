// The picture of a Secondary Capture: the radiograph whole and uncovered but for the activation map, a banner
// above it, and a panel below it that says what the model found. Drawn with Cairo and Pango.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "contract/artifact/analysis_artifact.h"
#include "results/words.h"

namespace hilum::results {

// Code "artifact_damaged" unless the display image is there and of its size.
Status check_display(const AnalysisArtifact& artifact);

struct Picture {
    int columns = 0, rows = 0;
    std::vector<std::uint8_t> rgb;  // columns * rows * 3
};

// `long_side` is that of the whole picture in pixels; all text scales with it. `analysed_at` and `frame`
// ("frame 2 of 3", empty: none) are shown as they are. The map is that of mapped_label. Codes:
// "artifact_damaged" when the display image is missing or not of its size, "drawing" when Cairo fails,
// "no_font" (Canvas::picture()).
Result<Picture> draw_capture(const AnalysisArtifact& artifact, const InferenceResult& result,
                             const Words& words, int long_side, const std::string& analysed_at,
                             const std::string& frame = {});

}  // namespace hilum::results
