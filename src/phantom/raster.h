// Drawing on grids of numbers: outlines, strokes of varying width, smooth noise. Coordinates are millimetres
// on the detector, x to the right and y down from the upper left corner of the image.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "phantom/random.h"

namespace hilum::phantom {

struct Point {
    double x = 0, y = 0;
};
inline Point operator+(Point a, Point b) {
    return {a.x + b.x, a.y + b.y};
}
inline Point operator-(Point a, Point b) {
    return {a.x - b.x, a.y - b.y};
}
inline Point operator*(double factor, Point a) {
    return {factor * a.x, factor * a.y};
}
inline double length(Point a) {
    return std::hypot(a.x, a.y);
}

inline double smoothstep(double low, double high, double value) {
    const double t = std::clamp((value - low) / (high - low), 0.0, 1.0);
    return t * t * (3 - 2 * t);
}

// The thickness, from 0 at the edge to 1 at `radius`, of a body with an elliptic section.
inline double ellipse_profile(double distance_from_edge, double radius) {
    const double t = 1 - std::clamp(distance_from_edge / radius, 0.0, 1.0);
    return std::sqrt(1 - t * t);
}

// A value per cell of a regular grid over the image.
class Field {
  public:
    Field() = default;
    Field(int rows, int columns, double spacing_mm, float value = 0)
        : rows_(rows),
          columns_(columns),
          spacing_(spacing_mm),
          values_(static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns), value) {}

    int rows() const { return rows_; }
    int columns() const { return columns_; }
    double spacing() const { return spacing_; }
    bool empty() const { return values_.empty(); }
    float* row(int r) {
        return values_.data() + static_cast<std::size_t>(r) * static_cast<std::size_t>(columns_);
    }
    const float* row(int r) const {
        return values_.data() + static_cast<std::size_t>(r) * static_cast<std::size_t>(columns_);
    }
    std::vector<float>& values() { return values_; }
    const std::vector<float>& values() const { return values_; }
    Point centre_of(int r, int c) const { return {(c + 0.5) * spacing_, (r + 0.5) * spacing_}; }

    double at(Point point) const;  // bilinear; beyond the border the border's value

  private:
    int rows_ = 0, columns_ = 0;
    double spacing_ = 1;
    std::vector<float> values_;
};

// A grid of `spacing_mm` that covers the same area as `fine`.
Field covering(const Field& fine, double spacing_mm);

// Catmull-Rom splines through the points.
std::vector<Point> smooth_line(const std::vector<Point>& points, int steps = 8);
std::vector<Point> smooth_outline(const std::vector<Point>& points, int steps = 4);  // closed

// Distance to a closed outline, positive inside, on a coarse grid that covers `image`.
Field distance_inside(const std::vector<Point>& outline, const Field& image);

struct StrokePoint {
    Point at;
    double radius = 1;  // mm
    double amount = 1;
};
using Profile = double (*)(double);  // of the distance from the axis in radii, 0 to 1

double cylinder_profile(double distance);  // a round solid rod
double bone_profile(double distance);      // a rod with a denser bark
double flat_profile(double distance);      // a plate with soft edges

// Adds amount * profile along the path. What is thinner than a pixel is drawn a pixel wide and fainter.
void add_stroke(Field& field, const std::vector<StrokePoint>& path, Profile profile);

// Smooth noise of mean 0 and standard deviation near 1 whose grains are `grain_mm` large, at any point.
class SmoothNoise {
  public:
    SmoothNoise(Random random, const Field& image, double grain_mm);
    double at(Point point) const;

  private:
    Field lattice_;
};

// A Gaussian blur (three box blurs) of the field in place.
void blur(Field& field, double sigma_mm);

}  // namespace hilum::phantom
