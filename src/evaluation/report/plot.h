// Line plots as SVG, to stand in a page that opens alone: no script, no font but the reader's.
#pragma once

#include <string>
#include <vector>

namespace hilum::evaluation {

struct PlotPoint {
    double x = 0, y = 0;
    double low = 0, high = 0;  // of bars: an interval around y
};

struct PlotSeries {
    enum class Style { line, dashed, bars };
    std::string name;  // in the legend; empty: not in it
    Style style = Style::line;
    std::vector<PlotPoint> points;  // in order
};

struct PlotAxis {
    std::string title;
    double low = 0, high = 1;  // what lies beyond is cut off
};

struct Plot {
    std::string title;  // read to those who do not see it
    PlotAxis x, y;
    std::vector<PlotSeries> series;  // at most as many as there are colours: 6
};

// About 420 x 360 CSS pixels. Colours are told apart by the colour-blind (Okabe and Ito 2008), and styles
// differ too.
std::string svg_of(const Plot& plot);

// Round values for an axis' marks: 4 to 8, steps of 1, 2 or 5 times a power of ten.
std::vector<double> marks_of(double low, double high);

}  // namespace hilum::evaluation
