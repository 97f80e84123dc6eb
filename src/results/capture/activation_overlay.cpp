#include "results/capture/activation_overlay.h"

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

// One map, sampled at continuous coordinates.
class Map {
  public:
    Map(std::span<const float> values, int rows, int columns)
        : values_(values), rows_(rows), columns_(columns) {}

    // Pixel centres are at whole numbers; beyond the outermost centres the edge goes on.
    double at(double row, double column) const {
        const double r = std::clamp(row, 0.0, static_cast<double>(rows_ - 1));
        const double c = std::clamp(column, 0.0, static_cast<double>(columns_ - 1));
        const int r0 = static_cast<int>(r);
        const int c0 = static_cast<int>(c);
        const double fr = r - r0;
        const double fc = c - c0;
        return (1 - fr) * ((1 - fc) * value(r0, c0) + fc * value(r0, c0 + 1)) +
               fr * ((1 - fc) * value(r0 + 1, c0) + fc * value(r0 + 1, c0 + 1));
    }

  private:
    double value(int row, int column) const {
        const auto r = static_cast<std::size_t>(std::min(row, rows_ - 1));
        const auto c = static_cast<std::size_t>(std::min(column, columns_ - 1));
        return std::max(0.0F, values_[r * static_cast<std::size_t>(columns_) + c]);
    }
    std::span<const float> values_;
    int rows_, columns_;
};

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

// A place of the image in the turned one that the model saw; each from 0 to 1.
struct Place {
    double across, down;
};
Place turned_place(const Place& place, const Turn& turn) {
    Place turned = turn.transposed ? Place{place.down, place.across} : place;
    if (turn.flipped_columns) turned.across = 1 - turned.across;
    if (turn.flipped_rows) turned.down = 1 - turned.down;
    return turned;
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
    const Map map(values, artifact.map_rows, artifact.map_columns);
    const Axis across{g.scaled_columns, g.left, g.input_columns, artifact.map_columns};
    const Axis down{g.scaled_rows, g.top, g.input_rows, artifact.map_rows};
    StrengthField field{columns, rows, {}};
    field.values.reserve(static_cast<std::size_t>(columns) * static_cast<std::size_t>(rows));
    for (int row = 0; row < rows; ++row)
        for (int column = 0; column < columns; ++column) {
            const Place at = turned_place({(column + 0.5) / columns, (row + 0.5) / rows}, g.turn);
            const bool seen = across.seen(at.across) && down.seen(at.down);
            const double value =
                seen ? map.at(down.map_position(at.down), across.map_position(at.across)) / maximum : 0;
            field.values.push_back(static_cast<float>(value));
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
