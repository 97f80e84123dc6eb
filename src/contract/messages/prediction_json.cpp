#include "contract/messages/prediction_json.h"

#include <nlohmann/json.hpp>

namespace hilum {

nlohmann::json prediction_json(const InferenceResult& result, const FrameCount& frames,
                               const ImageNotes& notes) {
    auto probabilities = nlohmann::json::object();
    for (const auto& label : result.labels) probabilities[label.name] = label.probability;
    return {
        {"diagnosis", result.diagnosis},
        {"confidence", result.confidence},
        {"calibrated", result.calibrated},
        {"all_probabilities", std::move(probabilities)},
        {"model",
         {{"name", result.model.name}, {"version", result.model.version}, {"sha256", result.model.sha256}}},
        {"notice", result.model.notice},
        {"frame", 1},
        {"frames", frames.of_image},
        {"notes", notes}};
}

nlohmann::json prediction_error_json(const std::string& code, const std::string& message) {
    return {{"error", {{"code", code}, {"message", message}}}};
}

nlohmann::json prediction_error_json(const Error& error) {
    return prediction_error_json(error.code, error.message);
}

nlohmann::json prediction_error_json(const NotAnalysed& reason, const ImageNotes& notes) {
    auto json = prediction_error_json(reason.code, "not analysed: " + reason.message);
    json["notes"] = notes;
    return json;
}

}  // namespace hilum
