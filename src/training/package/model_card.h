// MODEL_CARD.md and metrics.json of a trained model. Internal to the folder.
#pragma once

#include <string>

#include "training/package/trained_model.h"

namespace hilum::training {

// The card in Markdown, by the headings of Mitchell et al., "Model Cards for Model Reporting" (2019).
// `dataset_json` is the text of the dataset's summary (evaluation/dataset/summary.h), empty where there is
// none.
std::string model_card(const TrainedModel& model, const std::string& dataset_json);

// The same facts as JSON.
std::string metrics_json(const TrainedModel& model, const std::string& dataset_json,
                         const std::string& weights_sha256);

}  // namespace hilum::training
