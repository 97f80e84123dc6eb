// The epochs as a package tells of them.
#pragma once

#include <vector>

#include "training/fit/history.h"
#include "training/package/trained_model.h"

namespace hilum::training {

inline std::vector<Epoch> trained_epochs(const std::vector<EpochFigures>& history) {
    std::vector<Epoch> epochs;
    for (const auto& epoch : history)
        epochs.push_back(
            {epoch.epoch, epoch.learning_rate, epoch.training_loss, epoch.validation_loss, epoch.auc});
    return epochs;
}

}  // namespace hilum::training
