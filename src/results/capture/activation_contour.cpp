#include "results/capture/activation_contour.h"

#include <algorithm>
#include <array>
#include <functional>
#include <limits>
#include <utility>

#include "results/activation/activation_overlay.h"

namespace hilum::results {
namespace {

constexpr std::size_t most_regions = 8;
constexpr int samples_of_long_side = 256;  // maps have 7 to 32 cells a side: their curves need no more

// The samples of a field with a ring of zeros round them, so that every line closes, and the edges between
// neighbouring samples, each with a number.
class Grid {
  public:
    explicit Grid(const StrengthField& field)
        : field_(field), columns_(field.columns + 2), rows_(field.rows + 2) {}

    int cell_columns() const { return columns_ - 1; }
    int cell_rows() const { return rows_ - 1; }
    std::size_t edges() const { return 2 * static_cast<std::size_t>(columns_ * rows_); }

    // The corners of a cell and the edges after them, clockwise from its top left corner.
    std::array<double, 4> corners(int row, int column) const {
        return {at(row, column), at(row, column + 1), at(row + 1, column + 1), at(row + 1, column)};
    }
    std::array<int, 4> edges_of(int row, int column) const {
        return {across(row, column), down(row, column + 1), across(row + 1, column), down(row, column)};
    }

    // Where the strength passes the contour's on an edge.
    ImagePlace crossing(int edge) const {
        const bool is_down = edge >= columns_ * rows_;
        const int first = edge % (columns_ * rows_);
        const int row = first / columns_, column = first % columns_;
        const double from = at(row, column);
        const double to = is_down ? at(row + 1, column) : at(row, column + 1);
        const double part = (activation_contour_at - from) / (to - from);
        return {fraction(column + (is_down ? 0 : part), field_.columns),
                fraction(row + (is_down ? part : 0), field_.rows)};
    }

  private:
    int across(int row, int column) const { return row * columns_ + column; }
    int down(int row, int column) const { return columns_ * rows_ + row * columns_ + column; }
    double at(int row, int column) const {
        if (row < 1 || column < 1 || row > field_.rows || column > field_.columns) return 0;
        return field_.values[static_cast<std::size_t>((row - 1) * field_.columns + column - 1)];
    }
    // The first sample of the field is number 1 of the grid, and half a sample within the image.
    static double fraction(double position, int samples) {
        return std::clamp((position - 0.5) / samples, 0.0, 1.0);
    }

    const StrengthField& field_;
    int columns_, rows_;
};

// Marching squares: in each cell a piece of line leads from each edge on which a clockwise walk enters the
// strong part to one on which it leaves it. What a cell leaves, its neighbour enters, so that the pieces
// join.
std::vector<int> next_edges(const Grid& grid) {
    std::vector<int> next(grid.edges(), -1);
    for (int row = 0; row < grid.cell_rows(); ++row)
        for (int column = 0; column < grid.cell_columns(); ++column) {
            const auto corners = grid.corners(row, column);
            const auto edges = grid.edges_of(row, column);
            const auto strong = [&](std::size_t k) { return corners[k % 4] >= activation_contour_at; };
            const double middle = (corners[0] + corners[1] + corners[2] + corners[3]) / 4;
            // Where two opposite corners are strong, the middle says whether they belong together.
            const bool from_behind =
                strong(0) == strong(2) && strong(1) == strong(3) && middle >= activation_contour_at;
            for (std::size_t entry = 0; entry < 4; ++entry) {
                if (strong(entry) || !strong(entry + 1)) continue;
                std::size_t leave = entry + (from_behind ? 3 : 1);
                while (!strong(leave) || strong(leave + 1)) ++leave;
                next[static_cast<std::size_t>(edges[entry])] = edges[leave % 4];
            }
        }
    return next;
}

std::vector<Contour> closed_lines(const Grid& grid) {
    std::vector<Contour> contours;
    std::vector<int> next = next_edges(grid);
    for (std::size_t start = 0; start < next.size(); ++start) {
        if (next[start] < 0) continue;
        Contour contour{grid.crossing(static_cast<int>(start))};
        for (std::size_t edge = start; next[edge] >= 0;) {
            edge = static_cast<std::size_t>(std::exchange(next[edge], -1));
            contour.push_back(grid.crossing(static_cast<int>(edge)));
        }
        contours.push_back(std::move(contour));
    }
    return contours;
}

ImageRegion box_round(const Contour& contour) {
    ImageRegion box{1, 1, 0, 0};
    for (const ImagePlace& place : contour) {
        box.left = std::min(box.left, place.across);
        box.top = std::min(box.top, place.down);
        box.right = std::max(box.right, place.across);
        box.bottom = std::max(box.bottom, place.down);
    }
    return box;
}

double area_of(const ImageRegion& region) {
    return (region.right - region.left) * (region.bottom - region.top);
}

// By the sign of the area that the line encloses; rows count downwards.
bool goes_round_what_is_strong(const Contour& contour) {
    double twice_the_area = 0;
    for (std::size_t i = 0; i + 1 < contour.size(); ++i)
        twice_the_area += contour[i].across * contour[i + 1].down - contour[i + 1].across * contour[i].down;
    return twice_the_area < 0;
}

double overlap_of(const ImageRegion& one, const ImageRegion& other) {
    const double width = std::min(one.right, other.right) - std::max(one.left, other.left);
    const double height = std::min(one.bottom, other.bottom) - std::max(one.top, other.top);
    return std::max(0.0, width) * std::max(0.0, height);
}

}  // namespace

std::vector<Contour> activation_contours(const AnalysisArtifact& artifact, int label) {
    const DisplayGeometry& display = artifact.display;
    if (display.columns <= 0 || display.rows <= 0) return {};
    const auto samples = [&](int side) {
        return std::max(1, samples_of_long_side * side / std::max(display.columns, display.rows));
    };
    const StrengthField field =
        strength_field(artifact, label, samples(display.columns), samples(display.rows));
    if (field.values.empty()) return {};
    return closed_lines(Grid(field));
}

std::vector<ImageRegion> activation_regions(const AnalysisArtifact& artifact, int label) {
    std::vector<ImageRegion> regions;
    for (const Contour& contour : activation_contours(artifact, label)) {
        const ImageRegion region = box_round(contour);
        if (goes_round_what_is_strong(contour) && area_of(region) > 0) regions.push_back(region);
    }
    std::ranges::stable_sort(regions, std::greater{}, area_of);
    regions.resize(std::min(regions.size(), most_regions));
    return regions;
}

ImagePlace place_beside(const std::vector<ImageRegion>& regions, double width, double height) {
    constexpr double gap = 0.01;
    if (regions.empty()) return {};
    const ImageRegion& largest = regions.front();
    const double centred = (largest.left + largest.right - width) / 2;
    const double middle = (largest.top + largest.bottom - height) / 2;
    const ImagePlace around[] = {{centred, largest.bottom + gap},
                                 {centred, largest.top - gap - height},
                                 {largest.right + gap, middle},
                                 {largest.left - gap - width, middle}};
    ImagePlace best;
    double least = std::numeric_limits<double>::infinity();
    for (const ImagePlace& wanted : around) {
        const ImagePlace place{std::clamp(wanted.across, 0.0, std::max(0.0, 1 - width)),
                               std::clamp(wanted.down, 0.0, std::max(0.0, 1 - height))};
        const ImageRegion words{place.across, place.down, place.across + width, place.down + height};
        double covered = 0;
        for (const ImageRegion& region : regions) covered += overlap_of(words, region);
        if (covered < least) least = covered, best = place;
    }
    return best;
}

}  // namespace hilum::results
