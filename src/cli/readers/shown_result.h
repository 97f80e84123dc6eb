// What a reader sees of the model: the words and the map of a Secondary Capture, in English.
#pragma once

#include <cstdint>
#include <vector>

#include "evaluation/readers/worksheet.h"
#include "model/process/model_process.h"

namespace hilum::cli {

// The map of a prediction over a picture of that size; empty where none is shown.
struct MapPicture {
    int columns = 0, rows = 0;
    std::vector<std::uint32_t> argb;  // as results/activation/activation_overlay.h has it
};

// Of a finding alone, as in a capture: the map of "Normal" would draw the eye to something that means
// nothing.
readers::ShownResult shown_result(const InferenceResult& result);
readers::ShownResult shown_refusal(const NotAnalysed& reason);

// Sets shown.mapped_label where there is a map.
MapPicture map_picture(const model::Predictor::Prediction& prediction, int columns, int rows,
                       readers::ShownResult& shown);

}  // namespace hilum::cli
