#include "training/fit/history.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace hilum::training {

std::string history_csv(const std::vector<EpochFigures>& history) {
    std::string text = "epoch,training_loss,validation_loss,auc,learning_rate,best\r\n";
    for (const auto& epoch : history)
        text += fmt::format("{},{},{},{},{},{}\r\n", epoch.epoch, epoch.training_loss, epoch.validation_loss,
                            epoch.auc, epoch.learning_rate, epoch.best ? 1 : 0);
    return text;
}

nlohmann::json to_json(const std::vector<EpochFigures>& history) {
    auto list = nlohmann::json::array();
    for (const auto& epoch : history)
        list.push_back({{"epoch", epoch.epoch},
                        {"training_loss", epoch.training_loss},
                        {"validation_loss", epoch.validation_loss},
                        {"auc", epoch.auc},
                        {"learning_rate", epoch.learning_rate},
                        {"seconds", epoch.seconds},
                        {"images_a_second", epoch.images_a_second},
                        {"waited", epoch.waited},
                        {"best", epoch.best}});
    return list;
}

std::vector<EpochFigures> history_from(const nlohmann::json& json) {
    std::vector<EpochFigures> history;
    for (const auto& epoch : json)
        history.push_back({epoch.at("epoch").get<int>(), epoch.at("training_loss").get<double>(),
                           epoch.at("validation_loss").get<double>(), epoch.at("auc").get<double>(),
                           epoch.at("learning_rate").get<double>(), epoch.at("seconds").get<double>(),
                           epoch.at("images_a_second").get<double>(), epoch.at("waited").get<double>(),
                           epoch.at("best").get<bool>()});
    return history;
}

}  // namespace hilum::training
