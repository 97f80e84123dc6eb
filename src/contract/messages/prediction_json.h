// The JSON with which Hilum answers a request for a prediction: `hilum predict` and POST /api/v1/predict.
// Its keys are a stable interface (docs/architecture.md); keys may be added, never renamed.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>

#include "base/error.h"
#include "contract/analysis.h"

namespace hilum {

// {"diagnosis", "confidence", "calibrated", "all_probabilities": {label: number},
//  "model": {"name", "version", "sha256"}, "notice", "frame", "frames", "notes": [{"code", "text"}]}: of so
//  many frames that the image has, the first is predicted. While "calibrated" is false the numbers are model
//  scores. "notes" tell what of the image was not taken as its file says it (image_note.h).
nlohmann::json prediction_json(const InferenceResult& result, const FrameCount& frames,
                               const ImageNotes& notes = {});

// {"error": {"code", "message"}}. `message` must hold no patient data.
nlohmann::json prediction_error_json(const std::string& code, const std::string& message);
nlohmann::json prediction_error_json(const Error& error);

// The same for an image outside the model's intended use, and "notes" beside "error"; the code is that of the
// NotAnalysed.
nlohmann::json prediction_error_json(const NotAnalysed& reason, const ImageNotes& notes = {});

}  // namespace hilum
