// What a capture says, in the order in which it is read: the same whether it is drawn into the picture or
// lies over it as a presentation state.
#pragma once

#include <string>
#include <vector>

#include "contract/analysis.h"
#include "results/words.h"

namespace hilum::results {

// Lines of text; an empty one is not shown. `labels` points into the result that it was made from.
struct CaptureText {
    std::string headline;    // the diagnosis
    std::string frame_line;  // "Frame 2 of 3"
    std::string score;  // of the diagnosis: "Model score 0.93"; where that is no label, of the one that is
                        // told in its place (told_label): "Normal: Model score 0.38"
    std::string calibration;  // "not calibrated, not a probability"
    std::string threshold;    // of the score, "threshold 0.50", or why it is indeterminate; empty: neither
    std::vector<const LabelResult*> labels;
    std::string more_labels;  // how many have no room
    std::string map_line;     // whose activation map is shown; empty: none is
    std::string model_line, time_line;
    std::string notice;
};

// `analysed_at` and `frame` ("frame 2 of 3", empty: none) are shown as they are.
CaptureText capture_text(const InferenceResult& result, const Words& words, const std::string& analysed_at,
                         const std::string& frame, bool has_map);

// The label whose map is shown; -1: none. That of the diagnosis where it is a finding, else of the finding
// with the highest score; without a finding there is none, since the map of "Normal" would draw the eye to
// something that means nothing.
int mapped_label(const InferenceResult& result);

}  // namespace hilum::results
