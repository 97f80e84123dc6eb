#include "results/activation/activation_overlay.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

namespace hilum::results {
namespace {

constexpr double visible_from = 0.25;  // of the maximum
constexpr double strongest_opacity = 0.5;
constexpr Colour contour_colour{1.0, 1.0, 1.0};
constexpr double contour_opacity = 0.9;

std::span<const float> map_of(const AnalysisArtifact& artifact, int label) {
    if (label < 0 || label >= artifact.map_labels || artifact.map_rows <= 0 || artifact.map_columns <= 0)
        return {};
    const auto size =
        static_cast<std::size_t>(artifact.map_rows) * static_cast<std::size_t>(artifact.map_columns);
    const std::size_t begin = static_cast<std::size_t>(label) * size;
    if (artifact.maps.size() < begin + size) return {};
    const std::span<const float> map(artifact.maps.data() + begin, size);
    return std::ranges::all_of(map, [](float v) { return std::isfinite(v); }) ? map
                                                                              : std::span<const float>{};
}

// Where a place of the turned image lies along one axis of the map, by way of the model's input; outside
// [0, 1] of the input the model saw nothing.
struct Axis {
    int scaled, offset, input, map;

    double input_fraction(double in_image) const { return (in_image * scaled + offset) / input; }
    double map_position(double in_image) const { return input_fraction(in_image) * map - 0.5; }
    bool seen(double in_image) const {
        const double fraction = input_fraction(in_image);
        return fraction >= 0 && fraction <= 1;
    }
};

// Between which two rows or columns of the map, and how near to the second; beyond the outermost pixel
// centres the edge goes on.
struct Sample {
    bool seen = false;
    std::size_t low = 0, high = 0;
    double part = 0;
};

// Of each pixel along one side of the picture.
std::vector<Sample> samples_along(int pixels, bool flipped, const Axis& axis) {
    std::vector<Sample> samples(static_cast<std::size_t>(pixels));
    for (int i = 0; i < pixels; ++i) {
        const double in_picture = (i + 0.5) / pixels;
        const double in_turned = flipped ? 1 - in_picture : in_picture;
        const double position =
            std::clamp(axis.map_position(in_turned), 0.0, static_cast<double>(axis.map - 1));
        const int low = static_cast<int>(position);
        samples[static_cast<std::size_t>(i)] = {axis.seen(in_turned), static_cast<std::size_t>(low),
                                                static_cast<std::size_t>(std::min(low + 1, axis.map - 1)),
                                                position - low};
    }
    return samples;
}

// The map between its pixels' centres.
double interpolated(std::span<const float> map, std::size_t columns, const Sample& down,
                    const Sample& across) {
    const auto value = [&](std::size_t row, std::size_t column) {
        return static_cast<double>(std::max(0.0F, map[row * columns + column]));
    };
    return (1 - down.part) * ((1 - across.part) * value(down.low, across.low) +
                              across.part * value(down.low, across.high)) +
           down.part * ((1 - across.part) * value(down.high, across.low) +
                        across.part * value(down.high, across.high));
}

std::uint32_t premultiplied(const Colour& colour, double opacity) {
    const auto byte = [&](double value) {
        return static_cast<std::uint32_t>(std::lround(std::clamp(value * opacity, 0.0, 1.0) * 255));
    };
    const auto alpha = static_cast<std::uint32_t>(std::lround(opacity * 255));
    return alpha << 24 | byte(colour.red) << 16 | byte(colour.green) << 8 | byte(colour.blue);
}

// How much of the pixel the contour covers: its distance in pixels is the field's difference over its slope.
double contour_cover(const StrengthField& field, int row, int column, double width) {
    const auto value = [&](int r, int c) {
        const auto rr = static_cast<std::size_t>(std::clamp(r, 0, field.rows - 1));
        const auto cc = static_cast<std::size_t>(std::clamp(c, 0, field.columns - 1));
        return static_cast<double>(field.values[rr * static_cast<std::size_t>(field.columns) + cc]);
    };
    const double difference = std::abs(value(row, column) - activation_contour_at);
    if (difference > 0.2) return 0;
    const double slope = std::hypot(value(row, column + 1) - value(row, column - 1),
                                    value(row + 1, column) - value(row - 1, column)) /
                         2;
    if (slope < 1e-6) return 0;
    return std::clamp(width / 2 + 0.5 - difference / slope, 0.0, 1.0);
}

}  // namespace

StrengthField strength_field(const AnalysisArtifact& artifact, int label, int columns, int rows) {
    const auto values = map_of(artifact, label);
    const InputGeometry& g = artifact.geometry;
    if (values.empty() || columns <= 0 || rows <= 0 || g.input_columns <= 0 || g.input_rows <= 0) return {};
    const float maximum = std::ranges::max(values);
    if (!(maximum > 0)) return {};
    const Axis across{g.scaled_columns, g.left, g.input_columns, artifact.map_columns};
    const Axis down{g.scaled_rows, g.top, g.input_rows, artifact.map_rows};
    // In a transposed image a row of the picture is a column of what the model saw.
    const bool transposed = g.turn.transposed;
    const auto of_columns = samples_along(columns, transposed ? g.turn.flipped_rows : g.turn.flipped_columns,
                                          transposed ? down : across);
    const auto of_rows = samples_along(rows, transposed ? g.turn.flipped_columns : g.turn.flipped_rows,
                                       transposed ? across : down);
    const auto map_columns = static_cast<std::size_t>(artifact.map_columns);
    StrengthField field{columns, rows, {}};
    field.values.reserve(static_cast<std::size_t>(columns) * static_cast<std::size_t>(rows));
    for (const Sample& row : of_rows)
        for (const Sample& column : of_columns) {
            const bool seen = row.seen && column.seen;
            const double strength = seen ? interpolated(values, map_columns, transposed ? column : row,
                                                        transposed ? row : column) /
                                               maximum
                                         : 0;
            field.values.push_back(static_cast<float>(strength));
        }
    return field;
}

Colour strength_colour(double strength) {
    // Plasma at even steps; its first, dark blue third is left out, since a radiograph is dark itself.
    static constexpr std::array<Colour, 6> anchors{{{0.494, 0.012, 0.658},
                                                    {0.659, 0.134, 0.588},
                                                    {0.798, 0.280, 0.470},
                                                    {0.899, 0.424, 0.363},
                                                    {0.973, 0.585, 0.252},
                                                    {0.993, 0.788, 0.156}}};
    const double position = std::clamp(strength, 0.0, 1.0) * (anchors.size() - 1);
    const auto low = std::min(static_cast<std::size_t>(position), anchors.size() - 2);
    const double part = position - static_cast<double>(low);
    const auto mix = [&](double Colour::*channel) {
        return anchors[low].*channel * (1 - part) + anchors[low + 1].*channel * part;
    };
    return {mix(&Colour::red), mix(&Colour::green), mix(&Colour::blue)};
}

double strength_opacity(double strength) {
    return std::clamp((strength - visible_from) / (1 - visible_from), 0.0, 1.0) * strongest_opacity;
}

std::vector<std::uint32_t> overlay_pixels(const StrengthField& field, double contour_width) {
    std::vector<std::uint32_t> pixels;
    pixels.reserve(field.values.size());
    for (int row = 0; row < field.rows; ++row)
        for (int column = 0; column < field.columns; ++column) {
            const double strength = field.values[pixels.size()];
            const double contour = contour_cover(field, row, column, contour_width) * contour_opacity;
            const double opacity = strength_opacity(strength);
            if (contour == 0 && opacity == 0) {  // most of a picture
                pixels.push_back(0);
                continue;
            }
            const Colour colour = strength_colour(strength);
            const double total = contour + opacity * (1 - contour);
            const auto mix = [&](double over, double under) {
                return total > 0 ? (over * contour + under * opacity * (1 - contour)) / total : 0;
            };
            pixels.push_back(
                premultiplied({mix(contour_colour.red, colour.red), mix(contour_colour.green, colour.green),
                               mix(contour_colour.blue, colour.blue)},
                              total));
        }
    return pixels;
}

}  // namespace hilum::results
