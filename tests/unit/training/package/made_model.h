// A trained model for tests; its weights are no network.
#pragma once

#include "training/package/trained_model.h"

namespace hilum::training {

inline TrainedModel made_model() {
    TrainedModel model;
    model.package.name = "chest";
    model.package.version = "1.0";
    model.package.input.rows = model.package.input.columns = 64;
    model.package.accepts.modalities = {"CR", "DX"};
    model.package.accepts.min_age_years = 18;
    model.package.activation = model::Activation::softmax;
    model.package.labels = {
        {"Normal", {"17621005", "SCT", "Normal"}, {}, 0.5, false},
        {"Pneumonia", {"233604007", "SCT", "Pneumonia"}, {"39607008", "SCT", "Lung"}, 0.5, true}};
    model.weights = "bytes";
    model.recipe = {{"architecture", "densenet-small"}, {"seed", "1"}};
    model.epochs = {{1, 1e-3, 0.9, 0.8, 0.6}, {2, 5e-4, 0.5, 0.55, 0.8}};
    model.best_epoch = 2;
    for (int i = 0; i < 60; ++i) {
        dataset::Image image;
        image.file = "image.png";
        image.patient = std::to_string(i / 2);
        image.site = "north";
        image.split = i < 40 ? dataset::Split::training : dataset::Split::validation;
        image.labels = {i % 4 == 0 ? "Pneumonia" : "Normal"};
        image.sex = i % 3 == 0 ? "" : "F";
        image.age_years = 40;
        image.manufacturer = "A|B <b>";
        model.data.images.push_back(image);
    }
    return model;
}

}  // namespace hilum::training
