#include "model/decoder/input/antialiased_resize.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace hilum::model {
namespace {

// The source pixels that one pixel of the result is the weighted sum of.
struct Taps {
    int first = 0;
    std::vector<float> weights;  // their sum is 1
    int end() const { return first + static_cast<int>(weights.size()); }
};

double triangle(double x) {
    return std::max(0.0, 1.0 - std::abs(x));
}

Taps taps_at(double center, double widening, int source) {
    const double support = 1.0 * widening;  // of the triangle filter
    Taps taps;
    taps.first = std::max(0, static_cast<int>(center - support + 0.5));
    const int end = std::min(source, static_cast<int>(center + support + 0.5));
    std::vector<double> weights;
    double sum = 0;
    for (int x = taps.first; x < end; ++x) {
        weights.push_back(triangle((x - center + 0.5) / widening));
        sum += weights.back();
    }
    for (const double weight : weights) taps.weights.push_back(static_cast<float>(weight / sum));
    return taps;
}

std::vector<Taps> taps_of(const AxisScaling& axis) {
    const double scale = static_cast<double>(axis.source) / axis.scaled;
    std::vector<Taps> taps;
    taps.reserve(static_cast<std::size_t>(axis.count));
    for (int i = 0; i < axis.count; ++i)
        taps.push_back(taps_at((axis.first + i + 0.5) * scale, std::max(scale, 1.0), axis.source));
    return taps;
}

void add_weighted(std::span<const float> values, float weight, float* sum) {
    for (std::size_t i = 0; i < values.size(); ++i) sum[i] += weight * values[i];
}

// Vertically first, since whole rows can be added up at once, while each row is read only once.
std::vector<float> shrink_rows(const std::vector<Taps>& taps, std::size_t width, const RowReader& read_row) {
    std::vector<float> result(taps.size() * width, 0.0F);
    std::vector<float> row(width);
    std::size_t done = 0;  // results before this one need no further row
    for (int y = taps.front().first; y < taps.back().end(); ++y) {
        while (taps[done].end() <= y) ++done;
        if (taps[done].first > y) continue;
        read_row(y, row);
        for (std::size_t i = done; i < taps.size() && taps[i].first <= y; ++i)
            if (y < taps[i].end())
                add_weighted(row, taps[i].weights[static_cast<std::size_t>(y - taps[i].first)],
                             result.data() + i * width);
    }
    return result;
}

float weighted_sum(const float* values, const std::vector<float>& weights) {
    float sum = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) sum += values[i] * weights[i];
    return sum;
}

}  // namespace

std::vector<float> resize_bilinear(const AxisScaling& rows, const AxisScaling& columns,
                                   const RowReader& read_row) {
    const auto width = static_cast<std::size_t>(columns.source);
    const auto row_taps = taps_of(rows);
    const auto column_taps = taps_of(columns);
    const auto shrunk = shrink_rows(row_taps, width, read_row);
    std::vector<float> result;
    result.reserve(row_taps.size() * column_taps.size());
    for (std::size_t y = 0; y < row_taps.size(); ++y)
        for (const Taps& taps : column_taps)
            result.push_back(weighted_sum(shrunk.data() + y * width + taps.first, taps.weights));
    return result;
}

}  // namespace hilum::model
