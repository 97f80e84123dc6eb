#include "demo_model/measurement.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "demo_model/demo_network.h"

namespace hilum::demo_model {
namespace {

using nlohmann::json;

constexpr int calibration_bins = 15;

double rounded(double value) {
    return std::round(value * 1e4) / 1e4;
}

double mean_of(const torch::Tensor& booleans) {
    return booleans.to(torch::kDouble).mean().item<double>();
}

double negative_log_likelihood(const torch::Tensor& logits, const torch::Tensor& labels, double temperature) {
    return torch::nn::functional::cross_entropy(logits.to(torch::kDouble) / temperature, labels)
        .item<double>();
}

// The mean gap between confidence and accuracy over bins of the top class's probability, weighted by their
// sizes.
double expected_calibration_error(const torch::Tensor& logits, const torch::Tensor& labels,
                                  double temperature) {
    const auto [confidence, predicted] = torch::softmax(logits.to(torch::kDouble) / temperature, 1).max(1);
    const auto correct = predicted.eq(labels).to(torch::kDouble);
    double error = 0;
    for (int bin = 0; bin < calibration_bins; ++bin) {
        const double low = double(bin) / calibration_bins, high = double(bin + 1) / calibration_bins;
        const auto in_bin = confidence.gt(low).logical_and(confidence.le(high));
        const auto size = in_bin.sum().item<double>();
        if (size == 0) continue;
        const double gap = (confidence - correct).masked_select(in_bin).mean().item<double>();
        error += std::abs(gap) * size / static_cast<double>(labels.size(0));
    }
    return error;
}

// The chance that a random positive scores higher than a random negative (Mann-Whitney).
double area_under_curve(const torch::Tensor& scores, const torch::Tensor& positive) {
    const auto above = scores.masked_select(positive).unsqueeze(1),
               below = scores.masked_select(positive.logical_not()).unsqueeze(0);
    return (above.gt(below).to(torch::kDouble) + 0.5 * above.eq(below).to(torch::kDouble))
        .mean()
        .item<double>();
}

json confusion(const torch::Tensor& labels, const torch::Tensor& predicted) {
    json rows = json::array();
    for (int truth = 0; truth < network_outputs; ++truth) {
        json row = json::array();
        for (int answer = 0; answer < network_outputs; ++answer)
            row.push_back(labels.eq(truth).logical_and(predicted.eq(answer)).sum().item<int>());
        rows.push_back(row);
    }
    return rows;
}

json class_figures(const torch::Tensor& labels, const torch::Tensor& predicted, const torch::Tensor& scores) {
    json classes;
    for (int index = 0; index < network_outputs; ++index) {
        const auto positive = labels.eq(index);
        const auto called = predicted.eq(index);
        classes[std::string(phantom::name_of(static_cast<phantom::Finding>(index)))] = {
            {"sensitivity", rounded(mean_of(called.masked_select(positive)))},
            {"specificity", rounded(mean_of(called.logical_not().masked_select(positive.logical_not())))},
            {"auc", rounded(area_under_curve(scores.select(1, index), positive))}};
    }
    return classes;
}

// Share of the phantoms with each abnormality that got their class.
json sensitivity_by_abnormality(const PhantomSet& set, const torch::Tensor& predicted) {
    std::map<std::string, std::pair<int, int>> found;  // found, all
    for (std::size_t i = 0; i < set.lesions.size(); ++i) {
        const auto index = static_cast<std::int64_t>(i);
        if (set.lesions[i].empty()) continue;
        auto& [right, all] = found[std::string(name_of(set.lesions[i].front().kind))];
        ++all;
        if (predicted[index].item<std::int64_t>() == set.labels[index].item<std::int64_t>()) ++right;
    }
    json figures;
    for (const auto& [name, counts] : found)
        figures[name] = {{"sensitivity", rounded(double(counts.first) / counts.second)},
                         {"images", counts.second}};
    return figures;
}

// Whether the map's highest cell overlaps one of the lesions' ellipses.
bool peaks_within(const torch::Tensor& map, const InputGeometry& geometry,
                  const std::vector<phantom::Lesion>& lesions) {
    const auto cells_across = map.size(1), cells_down = map.size(0);
    const auto peak = map.argmax().item<std::int64_t>();
    const double x = (static_cast<double>(peak % cells_across) + 0.5) / static_cast<double>(cells_across);
    const double y = (static_cast<double>(peak / cells_across) + 0.5) / static_cast<double>(cells_down);
    const double column = (x * geometry.input_columns - geometry.left) / geometry.scaled_columns;
    const double row = (y * geometry.input_rows - geometry.top) / geometry.scaled_rows;
    const double half_cell_x = 0.5 * geometry.input_columns / geometry.scaled_columns / double(cells_across);
    const double half_cell_y = 0.5 * geometry.input_rows / geometry.scaled_rows / double(cells_down);
    return std::any_of(lesions.begin(), lesions.end(), [&](const phantom::Lesion& lesion) {
        return std::hypot((column - lesion.column) / (lesion.half_width + half_cell_x),
                          (row - lesion.row) / (lesion.half_height + half_cell_y)) <= 1;
    });
}

// Of the pneumonias that were called so. By chance it would be the opacities' share of the image.
double pointing_accuracy(const PhantomSet& set, const Outputs& outputs, const torch::Tensor& predicted) {
    const auto pneumonia = static_cast<std::int64_t>(phantom::Finding::pneumonia);
    int hits = 0, all = 0;
    for (std::size_t i = 0; i < set.lesions.size(); ++i) {
        const auto index = static_cast<std::int64_t>(i);
        if (set.labels[index].item<std::int64_t>() != pneumonia ||
            predicted[index].item<std::int64_t>() != pneumonia)
            continue;
        ++all;
        if (peaks_within(outputs.maps[index][pneumonia], set.geometries[i], set.lesions[i])) ++hits;
    }
    return all > 0 ? double(hits) / all : 0;
}

}  // namespace

double fit_temperature(const torch::Tensor& logits, const torch::Tensor& labels) {
    const double golden = (std::sqrt(5.0) - 1) / 2;
    double low = std::log(0.05), high = std::log(20.0);
    const auto loss = [&](double logarithm) {
        return negative_log_likelihood(logits, labels, std::exp(logarithm));
    };
    while (high - low > 1e-5) {
        const double left = high - golden * (high - low), right = low + golden * (high - low);
        (loss(left) < loss(right) ? high : low) = loss(left) < loss(right) ? right : left;
    }
    return std::exp(0.5 * (low + high));
}

json measure(const PhantomSet& set, const Outputs& outputs, double temperature) {
    const auto& labels = set.labels;
    const auto predicted = outputs.logits.argmax(1);
    const auto scores = torch::softmax(outputs.logits.to(torch::kDouble) / temperature, 1);
    json figures;
    figures["images"] = labels.size(0);
    figures["accuracy"] = rounded(mean_of(predicted.eq(labels)));
    figures["confusion"] = confusion(labels, predicted);
    figures["classes"] = class_figures(labels, predicted, scores);
    figures["abnormalities"] = sensitivity_by_abnormality(set, predicted);
    for (const auto& [name, value] : {std::pair{"uncalibrated", 1.0}, std::pair{"calibrated", temperature}})
        figures[name] = {
            {"expected_calibration_error",
             rounded(expected_calibration_error(outputs.logits, labels, value))},
            {"negative_log_likelihood", rounded(negative_log_likelihood(outputs.logits, labels, value))}};
    figures["pneumonia_map_peaks_in_opacity"] = rounded(pointing_accuracy(set, outputs, predicted));
    return figures;
}

}  // namespace hilum::demo_model
