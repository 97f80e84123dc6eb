#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include "base/yaml/yaml_document.h"
#include "evaluation/calibration/package_calibration.h"

namespace hilum::evaluation {
namespace {

// The shortest text that reads back as the same number.
std::string exact(double value) {
    return fmt::format("{}", value);
}

YAML::Node exact_list(const std::vector<model::Isotonic::Knot>& knots,
                      double model::Isotonic::Knot::*member) {
    YAML::Node list;
    for (const auto& knot : knots) list.push_back(exact(knot.*member));
    list.SetStyle(YAML::EmitterStyle::Flow);
    return list;
}

YAML::Node calibration_node(const model::Calibration& calibration, const YAML::Node& labels) {
    YAML::Node node;
    node["method"] = calibration.method;
    node["set"] = calibration.set;
    if (calibration.method == "temperature") {
        node["value"] = exact(calibration.value);
        return node;
    }
    for (std::size_t i = 0; i < labels.size(); ++i) {
        YAML::Node entry;
        entry["name"] = labels[i]["name"].as<std::string>();
        if (calibration.method == "platt") {
            entry["slope"] = exact(calibration.platt[i].slope);
            entry["intercept"] = exact(calibration.platt[i].intercept);
        } else {
            entry["scores"] = exact_list(calibration.isotonic[i].knots, &model::Isotonic::Knot::score);
            entry["probabilities"] =
                exact_list(calibration.isotonic[i].knots, &model::Isotonic::Knot::probability);
        }
        node["labels"].push_back(entry);
    }
    return node;
}

YAML::Node sets_node(const model::PredictionSets& sets, const YAML::Node& labels) {
    YAML::Node node;
    node["coverage"] = exact(sets.coverage);
    node["set"] = sets.set;
    for (std::size_t i = 0; i < labels.size(); ++i) {
        YAML::Node entry;
        entry["name"] = labels[i]["name"].as<std::string>();
        entry["least"] = exact(sets.least[i]);
        entry.SetStyle(YAML::EmitterStyle::Flow);
        node["labels"].push_back(entry);
    }
    return node;
}

}  // namespace

Result<std::string> calibrated_yaml(const std::string& yaml, const FittedCalibration& fitted,
                                    const std::string& version) try {
    YAML::Node root = yaml_document(yaml).root;
    root["version"] = version;
    YAML::Node output = root["output"];
    YAML::Node labels = output["labels"];
    root["calibration"] = calibration_node(fitted.calibration, labels);
    for (std::size_t i = 0; i < fitted.thresholds.size(); ++i)
        labels[i]["threshold"] = exact(fitted.thresholds[i].threshold);
    for (std::size_t i = 0; i < fitted.carried.size(); ++i)
        labels[i]["threshold"] = exact(fitted.carried[i].after);
    output.remove("prediction_sets");
    if (fitted.sets) {
        output.remove("indeterminate_margin");
        output["prediction_sets"] = sets_node(*fitted.sets, labels);
    }
    YAML::Emitter emitter;
    emitter << root;
    return std::string(emitter.c_str()) + "\n";
} catch (const YAML::Exception& error) {
    return fail("configuration", "model.yaml cannot be read: {}", error.what());
}

}  // namespace hilum::evaluation
