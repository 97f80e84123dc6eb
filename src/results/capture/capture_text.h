// What a capture says, in the order in which it is read: the same whether it is drawn into the picture or
// lies over it as a presentation state.
#pragma once

#include <cstddef>
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
    std::vector<const LabelResult*> labels;  // findings before all others, then those with the highest scores
    std::string more_findings;               // those without a row
    std::string more_labels;                 // how many others have none
    std::string map_line;                    // whose activation map is shown; empty: none is
    std::string model_line, time_line;
    std::string notice;
};

inline constexpr std::size_t usual_rows = 6;               // of labels
inline constexpr std::size_t longest_findings_line = 120;  // bytes of `more_findings`; beyond, it only counts

// `analysed_at` and `frame` ("frame 2 of 3", empty: none) are shown as they are. Of a package with more
// labels than `usual_rows`, findings have rows beyond these, up to `most_rows`; who sees no more than this
// text knows of each finding, or that there are more.
CaptureText capture_text(const InferenceResult& result, const Words& words, const std::string& analysed_at,
                         const std::string& frame, bool has_map, std::size_t most_rows = usual_rows);

// The label whose map is shown; -1: none. That of the diagnosis where it is a finding, else of the finding
// with the highest score; without a finding there is none, since the map of "Normal" would draw the eye to
// something that means nothing.
int mapped_label(const InferenceResult& result);

}  // namespace hilum::results
