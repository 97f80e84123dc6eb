// What of an image its Display Shutter shows (PS3.3 C.7.6.11): the pixels within each of its shapes. Those on
// their edges are hidden: what lies there may be the white of what was not exposed.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "contract/analysis.h"
#include "model/decoder/pixels/stored_pixels.h"

namespace hilum::model {

// From 0, a pixel's centre at whole numbers.
struct ShutterPoint {
    double row = 0, column = 0;
};

// A circle, which is none in pixels that are not square.
struct ShutterEllipse {
    ShutterPoint centre;
    double radius_rows = 0, radius_columns = 0;
};

// Without shapes it shows all.
class DisplayShutter {
  public:
    void add_rectangle(const ShutterPoint& upper_left, const ShutterPoint& lower_right);
    void add_ellipse(const ShutterEllipse& ellipse) { ellipses_.push_back(ellipse); }
    void add_polygon(std::vector<ShutterPoint> vertices) { polygons_.push_back(std::move(vertices)); }

    bool shows_all() const { return polygons_.empty() && ellipses_.empty(); }

    // 1 for each pixel of the row that is shown, else 0.
    std::vector<std::uint8_t> shown(int row, int columns) const;

    // Makes what is hidden of the row's intensities black.
    void blacken(int row, std::span<float> intensities) const;

    // That of the turned image. `rows`, `columns`: of the image before.
    DisplayShutter turned(const Turn& turn, int rows, int columns) const;

  private:
    std::vector<std::vector<ShutterPoint>> polygons_;
    std::vector<ShutterEllipse> ellipses_;
};

// StoredPixels::word_counts() of what is shown.
std::vector<std::uint32_t> shown_word_counts(const StoredPixels& pixels, const DisplayShutter& shutter);

}  // namespace hilum::model
