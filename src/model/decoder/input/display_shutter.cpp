#include "model/decoder/input/display_shutter.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace hilum::model {
namespace {

using Row = std::vector<std::uint8_t>;

// Between the two columns, as far as the row has them.
void mark(Row& row, double before, double behind) {
    constexpr double tolerance = 1e-9;  // an edge through a pixel's centre
    const double end = static_cast<double>(row.size()) - 1;
    const double from = std::max(0.0, std::floor(before + tolerance) + 1);
    const double to = std::min(end, std::ceil(behind - tolerance) - 1);
    if (from <= to) std::fill(row.begin() + std::lround(from), row.begin() + std::lround(to) + 1, 1);
}

void mark_ellipse(Row& marked, const ShutterEllipse& ellipse, int row) {
    const double up = (row - ellipse.centre.row) / ellipse.radius_rows;
    if (std::abs(up) > 1) return;
    const double half = ellipse.radius_columns * std::sqrt(1 - up * up);
    mark(marked, ellipse.centre.column - half, ellipse.centre.column + half);
}

// By the even-odd rule. A row that an edge lies on, or only begins or ends on, is within the polygon where it
// is so whichever end of its edges counts.
void mark_polygon(Row& marked, const std::vector<ShutterPoint>& polygon, int row, bool upper_end) {
    std::vector<double> crossings;
    for (std::size_t i = 0; i < polygon.size(); ++i) {
        const ShutterPoint &a = polygon[i], &b = polygon[(i + 1) % polygon.size()];
        const auto [top, bottom] = std::minmax(a.row, b.row);
        const bool crosses = upper_end ? top <= row && row < bottom : top < row && row <= bottom;
        if (crosses) crossings.push_back(a.column + (row - a.row) * (b.column - a.column) / (b.row - a.row));
    }
    std::ranges::sort(crossings);
    for (std::size_t i = 0; i + 1 < crossings.size(); i += 2) mark(marked, crossings[i], crossings[i + 1]);
}

template <typename Word>
void count_shown(std::span<const Word> words, const Row& shown, std::vector<std::uint32_t>& counts) {
    for (std::size_t i = 0; i < words.size(); ++i) counts[words[i]] += shown[i];
}

}  // namespace

void DisplayShutter::add_rectangle(const ShutterPoint& upper_left, const ShutterPoint& lower_right) {
    add_polygon({upper_left,
                 {upper_left.row, lower_right.column},
                 lower_right,
                 {lower_right.row, upper_left.column}});
}

std::vector<std::uint8_t> DisplayShutter::shown(int row, int columns) const {
    const auto width = static_cast<std::size_t>(columns);
    Row all(width, 1), one(width);
    const auto keep_within = [&all, &one] {
        for (std::size_t i = 0; i < all.size(); ++i) all[i] &= one[i];
    };
    for (const auto& polygon : polygons_)
        for (const bool upper_end : {true, false}) {
            std::ranges::fill(one, 0);
            mark_polygon(one, polygon, row, upper_end);
            keep_within();
        }
    for (const auto& ellipse : ellipses_) {
        std::ranges::fill(one, 0);
        mark_ellipse(one, ellipse, row);
        keep_within();
    }
    return all;
}

void DisplayShutter::blacken(int row, std::span<float> intensities) const {
    if (shows_all()) return;
    const Row visible = shown(row, static_cast<int>(intensities.size()));
    for (std::size_t i = 0; i < intensities.size(); ++i)
        if (visible[i] == 0) intensities[i] = 0;
}

DisplayShutter DisplayShutter::turned(const Turn& turn, int rows, int columns) const {
    if (turn.transposed) std::swap(rows, columns);
    const auto turn_point = [&](ShutterPoint& point) {
        if (turn.transposed) std::swap(point.row, point.column);
        if (turn.flipped_rows) point.row = rows - 1 - point.row;
        if (turn.flipped_columns) point.column = columns - 1 - point.column;
    };
    DisplayShutter result = *this;
    for (auto& polygon : result.polygons_) std::ranges::for_each(polygon, turn_point);
    for (auto& ellipse : result.ellipses_) {
        turn_point(ellipse.centre);
        if (turn.transposed) std::swap(ellipse.radius_rows, ellipse.radius_columns);
    }
    return result;
}

std::vector<std::uint32_t> shown_word_counts(const StoredPixels& pixels, const DisplayShutter& shutter) {
    if (shutter.shows_all()) return pixels.word_counts();
    std::vector<std::uint32_t> counts(pixels.encoding.words(), 0);
    const auto width = static_cast<std::size_t>(pixels.columns);
    for (int row = 0; row < pixels.rows; ++row) {
        const std::size_t begin = static_cast<std::size_t>(row) * width;
        const Row shown = shutter.shown(row, pixels.columns);
        if (pixels.encoding.bits_allocated == 8)
            count_shown(pixels.bytes.subspan(begin, width), shown, counts);
        else
            count_shown(pixels.words.subspan(begin, width), shown, counts);
    }
    return counts;
}

}  // namespace hilum::model
