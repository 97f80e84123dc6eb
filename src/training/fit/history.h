// What each epoch came to, for history.csv and checkpoints. No Torch.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace hilum::training {

struct EpochFigures {
    int epoch = 0;  // from 1
    double training_loss = 0, validation_loss = 0, auc = 0;
    double learning_rate = 0;  // of its last step
    double seconds = 0, images_a_second = 0;
    double waited = 0;  // share of that time in which it waited for images
    bool best = false;  // until then
};

// epoch,training_loss,validation_loss,auc,learning_rate,best, a line each; numbers so that they read back the
// same.
std::string history_csv(const std::vector<EpochFigures>& history);

nlohmann::json to_json(const std::vector<EpochFigures>& history);
std::vector<EpochFigures> history_from(const nlohmann::json& json);

}  // namespace hilum::training
