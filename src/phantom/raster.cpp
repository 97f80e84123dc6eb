#include "phantom/raster.h"

#include <limits>
#include <optional>

namespace hilum::phantom {
namespace {

constexpr double coarse_spacing_mm = 3.6;

Point catmull_rom(Point a, Point b, Point c, Point d, double t) {
    const double t2 = t * t, t3 = t2 * t;
    return 0.5 * ((2 * b) + t * (c - a) + t2 * ((2 * a) - (5 * b) + (4 * c) - d) +
                  t3 * ((3 * b) - a - (3 * c) + d));
}

struct Nearest {
    double distance_squared;
    double along;  // 0 at the segment's start, 1 at its end
};

Nearest nearest_on_segment(Point point, Point start, Point end) {
    const Point direction = end - start, offset = point - start;
    const double squared = direction.x * direction.x + direction.y * direction.y;
    const double along =
        squared > 0 ? std::clamp((offset.x * direction.x + offset.y * direction.y) / squared, 0.0, 1.0) : 0.0;
    const Point gap = offset - along * direction;
    return {gap.x * gap.x + gap.y * gap.y, along};
}

double signed_distance(Point point, const std::vector<Point>& outline) {
    double best = std::numeric_limits<double>::max();
    bool inside = false;
    for (std::size_t i = 0, j = outline.size() - 1; i < outline.size(); j = i++) {
        const Point a = outline[i], b = outline[j];
        best = std::min(best, nearest_on_segment(point, a, b).distance_squared);
        if ((a.y > point.y) != (b.y > point.y) && point.x < (b.x - a.x) * (point.y - a.y) / (b.y - a.y) + a.x)
            inside = !inside;
    }
    return inside ? std::sqrt(best) : -std::sqrt(best);
}

// The cells of a field that a box in millimetres touches.
struct CellBox {
    int top, left, bottom, right;  // the last ones included
    int columns() const { return right - left + 1; }
    std::size_t size() const {
        return static_cast<std::size_t>(bottom - top + 1) * static_cast<std::size_t>(columns());
    }
    std::size_t index(int r, int c) const {
        return static_cast<std::size_t>(r - top) * static_cast<std::size_t>(columns()) +
               static_cast<std::size_t>(c - left);
    }
};

std::optional<CellBox> cells_within(const Field& field, Point low, Point high) {
    const auto cell = [&](double mm, int count) {
        return std::clamp(static_cast<int>(std::floor(mm / field.spacing())), 0, count - 1);
    };
    if (high.x < 0 || high.y < 0 || low.x > field.columns() * field.spacing() ||
        low.y > field.rows() * field.spacing())
        return std::nullopt;
    return CellBox{cell(low.y, field.rows()), cell(low.x, field.columns()), cell(high.y, field.rows()),
                   cell(high.x, field.columns())};
}

std::optional<CellBox> cells_near(const Field& field, const StrokePoint& a, const StrokePoint& b) {
    const double reach = std::max(a.radius, b.radius) + field.spacing();
    return cells_within(field, {std::min(a.at.x, b.at.x) - reach, std::min(a.at.y, b.at.y) - reach},
                        {std::max(a.at.x, b.at.x) + reach, std::max(a.at.y, b.at.y) + reach});
}

CellBox united(const CellBox& a, const CellBox& b) {
    return {std::min(a.top, b.top), std::min(a.left, b.left), std::max(a.bottom, b.bottom),
            std::max(a.right, b.right)};
}

// Where a stroke passes closest to each cell of its box, in radii, and how dense it is there.
struct StrokeCover {
    CellBox box;
    std::vector<float> distance, amount;

    void cover(const Field& field, const StrokePoint& a, const StrokePoint& b) {
        const auto cells = cells_near(field, a, b);
        if (!cells) return;
        for (int r = cells->top; r <= cells->bottom; ++r) {
            for (int c = cells->left; c <= cells->right; ++c) {
                const Nearest nearest = nearest_on_segment(field.centre_of(r, c), a.at, b.at);
                const double radius = a.radius + nearest.along * (b.radius - a.radius);
                if (nearest.distance_squared >= radius * radius) continue;
                const auto relative = static_cast<float>(std::sqrt(nearest.distance_squared) / radius);
                const std::size_t i = box.index(r, c);
                if (relative >= distance[i]) continue;
                distance[i] = relative;
                amount[i] = static_cast<float>(a.amount + nearest.along * (b.amount - a.amount));
            }
        }
    }
};

void box_blur_line(std::vector<double>& line, std::vector<double>& sums, int radius) {
    const int n = static_cast<int>(line.size());
    sums.resize(line.size() + 1);
    sums[0] = 0;
    for (std::size_t i = 0; i < line.size(); ++i) sums[i + 1] = sums[i] + line[i];
    for (int i = 0; i < n; ++i) {
        const int low = std::max(0, i - radius), high = std::min(n, i + radius + 1);
        line[static_cast<std::size_t>(i)] =
            (sums[static_cast<std::size_t>(high)] - sums[static_cast<std::size_t>(low)]) / (high - low);
    }
}

void blur_line(std::vector<double>& line, std::vector<double>& sums, int radius) {
    for (int pass = 0; pass < 3; ++pass) box_blur_line(line, sums, radius);
}

}  // namespace

double Field::at(Point point) const {
    const double x = std::clamp(point.x / spacing_ - 0.5, 0.0, columns_ - 1.0);
    const double y = std::clamp(point.y / spacing_ - 0.5, 0.0, rows_ - 1.0);
    const int c = std::min(static_cast<int>(x), std::max(0, columns_ - 2));
    const int r = std::min(static_cast<int>(y), std::max(0, rows_ - 2));
    const double fx = x - c, fy = y - r;
    const float* upper = row(r) + c;
    const float* lower = rows_ > 1 ? upper + columns_ : upper;
    const int next = columns_ > 1 ? 1 : 0;
    return (1 - fy) * ((1 - fx) * upper[0] + fx * upper[next]) +
           fy * ((1 - fx) * lower[0] + fx * lower[next]);
}

Field covering(const Field& fine, double spacing_mm) {
    const auto cells = [&](int count) {
        return static_cast<int>(std::ceil(count * fine.spacing() / spacing_mm)) + 1;
    };
    return Field(cells(fine.rows()), cells(fine.columns()), spacing_mm);
}

std::vector<Point> smooth_line(const std::vector<Point>& points, int steps) {
    std::vector<Point> line;
    for (std::size_t i = 0; i + 1 < points.size(); ++i) {
        const Point before = points[i > 0 ? i - 1 : 0];
        const Point after = points[std::min(i + 2, points.size() - 1)];
        for (int step = 0; step < steps; ++step)
            line.push_back(catmull_rom(before, points[i], points[i + 1], after, double(step) / steps));
    }
    line.push_back(points.back());
    return line;
}

std::vector<Point> smooth_outline(const std::vector<Point>& points, int steps) {
    std::vector<Point> outline;
    const std::size_t n = points.size();
    for (std::size_t i = 0; i < n; ++i)
        for (int step = 0; step < steps; ++step)
            outline.push_back(catmull_rom(points[(i + n - 1) % n], points[i], points[(i + 1) % n],
                                          points[(i + 2) % n], double(step) / steps));
    return outline;
}

Field distance_inside(const std::vector<Point>& outline, const Field& image) {
    Field field = covering(image, coarse_spacing_mm);
    for (int r = 0; r < field.rows(); ++r)
        for (int c = 0; c < field.columns(); ++c)
            field.row(r)[c] = static_cast<float>(signed_distance(field.centre_of(r, c), outline));
    return field;
}

double cylinder_profile(double distance) {
    return std::sqrt(std::max(0.0, 1 - distance * distance));
}

double bone_profile(double distance) {
    const double bark = std::exp(-std::pow((distance - 0.8) / 0.16, 2));
    return (0.66 + 0.34 * bark) * (1 - smoothstep(0.82, 1, distance));
}

double flat_profile(double distance) {
    return 1 - smoothstep(0.75, 1, distance);
}

void add_stroke(Field& field, const std::vector<StrokePoint>& path, Profile profile) {
    std::vector<StrokePoint> visible = path;
    const double least = 0.75 * field.spacing();
    for (auto& point : visible) {
        if (point.radius >= least) continue;
        point.amount *= std::max(point.radius, 0.0) / least;
        point.radius = least;
    }
    std::optional<CellBox> box;
    for (std::size_t i = 0; i + 1 < visible.size(); ++i)
        if (const auto cells = cells_near(field, visible[i], visible[i + 1]))
            box = box ? united(*box, *cells) : *cells;
    if (!box) return;

    StrokeCover cover{*box, std::vector<float>(box->size(), 1.0F), std::vector<float>(box->size(), 0.0F)};
    for (std::size_t i = 0; i + 1 < visible.size(); ++i) cover.cover(field, visible[i], visible[i + 1]);
    for (int r = box->top; r <= box->bottom; ++r) {
        for (int c = box->left; c <= box->right; ++c) {
            const std::size_t i = box->index(r, c);
            if (cover.distance[i] < 1)
                field.row(r)[c] += static_cast<float>(cover.amount[i] * profile(cover.distance[i]));
        }
    }
}

SmoothNoise::SmoothNoise(Random random, const Field& image, double grain_mm)
    : lattice_(covering(image, grain_mm)) {
    constexpr double compensation = 1.6;  // interpolation averages
    for (float& value : lattice_.values()) value = static_cast<float>(compensation * random.normal());
}

double SmoothNoise::at(Point point) const {
    const auto eased = [&](double mm, int count) {
        const double cells = std::clamp(mm / lattice_.spacing() - 0.5, 0.0, count - 1.0);
        const double whole = std::floor(cells);
        return (whole + smoothstep(0, 1, cells - whole) + 0.5) * lattice_.spacing();
    };
    return lattice_.at({eased(point.x, lattice_.columns()), eased(point.y, lattice_.rows())});
}

void blur(Field& field, double sigma_mm) {
    const int radius =
        static_cast<int>(std::lround(sigma_mm / field.spacing()));  // three boxes: sigma = radius
    if (radius < 1) return;
    std::vector<double> line, sums;
    for (int r = 0; r < field.rows(); ++r) {
        float* row = field.row(r);
        line.assign(row, row + field.columns());
        blur_line(line, sums, radius);
        std::transform(line.begin(), line.end(), row, [](double value) { return static_cast<float>(value); });
    }
    line.resize(static_cast<std::size_t>(field.rows()));
    for (int c = 0; c < field.columns(); ++c) {
        for (int r = 0; r < field.rows(); ++r) line[static_cast<std::size_t>(r)] = field.row(r)[c];
        blur_line(line, sums, radius);
        for (int r = 0; r < field.rows(); ++r)
            field.row(r)[c] = static_cast<float>(line[static_cast<std::size_t>(r)]);
    }
}

}  // namespace hilum::phantom
