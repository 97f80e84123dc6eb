// The JSON with which Hilum answers a request for a prediction: `hilum predict` and POST /api/v1/predict.
// Its keys are a stable interface (docs/architecture.md); keys may be added, never renamed.
#pragma once

#include <nlohmann/json.hpp>

#include <string>

#include "base/error.h"
#include "pipeline/types/analysis.h"

namespace hilum {

// {"diagnosis", "confidence", "calibrated", "all_probabilities": {label: number},
//  "model": {"name", "version", "sha256"}, "notice", "frame", "frames"}: of so many frames that the image
//  has, the first is predicted. While "calibrated" is false the numbers are model scores.
nlohmann::json prediction_json(const InferenceResult& result, const FrameCount& frames);

// {"error": {"code", "message"}}. `message` must hold no patient data.
nlohmann::json prediction_error_json(const std::string& code, const std::string& message);
nlohmann::json prediction_error_json(const Error& error);

// The same for an image outside the model's intended use; the code is that of the NotAnalysed.
nlohmann::json prediction_error_json(const NotAnalysed& reason);

}  // namespace hilum
