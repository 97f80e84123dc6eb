#include "evaluation/report/plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "evaluation/report/html.h"

namespace hilum::evaluation {
namespace {

constexpr double left = 56, right = 16, top = 12, bottom = 46, width = 420, height = 340;
constexpr double legend_row = 17;
constexpr std::array<const char*, 6> colours{"#0072b2", "#d55e00", "#009e73",
                                             "#cc79a7", "#56b4e9", "#6b6b6b"};

class Canvas {
  public:
    explicit Canvas(const Plot& plot) : plot_(plot) {}

    double x(double value) const { return left + share(plot_.x, value) * (width - left - right); }
    double y(double value) const { return height - bottom - share(plot_.y, value) * (height - top - bottom); }

    void add(std::string text) { text_ += std::move(text); }
    const std::string& text() const { return text_; }

  private:
    static double share(const PlotAxis& axis, double value) {
        return (std::clamp(value, axis.low, axis.high) - axis.low) / (axis.high - axis.low);
    }
    const Plot& plot_;
    std::string text_;
};

// -0 is 0, and 0.30000000000000004 is 0.3.
std::string mark_text(double value) {
    return fmt::format("{:g}", std::abs(value) < 1e-12 ? 0.0 : std::round(value * 1e10) / 1e10);
}

void draw_axes(Canvas& canvas, const Plot& plot) {
    for (const double mark : marks_of(plot.x.low, plot.x.high))
        canvas.add(fmt::format(R"(<path class="grid" d="M{0:.1f} {1:.1f}V{2:.1f}"/>)"
                               R"(<text x="{0:.1f}" y="{3:.1f}" text-anchor="middle">{4}</text>)",
                               canvas.x(mark), top, height - bottom, height - bottom + 17, mark_text(mark)));
    for (const double mark : marks_of(plot.y.low, plot.y.high))
        canvas.add(fmt::format(R"(<path class="grid" d="M{0:.1f} {1:.1f}H{2:.1f}"/>)"
                               R"(<text x="{3:.1f}" y="{4:.1f}" text-anchor="end">{5}</text>)",
                               left, canvas.y(mark), width - right, left - 6, canvas.y(mark) + 4,
                               mark_text(mark)));
    const double middle_x = (left + width - right) / 2, middle_y = (top + height - bottom) / 2;
    canvas.add(fmt::format(R"(<text x="{:.1f}" y="{:.1f}" text-anchor="middle">{}</text>)", middle_x,
                           height - bottom + 36, escaped(plot.x.title)));
    canvas.add(fmt::format(
        R"svg(<text transform="translate(14 {:.1f}) rotate(-90)" text-anchor="middle">{}</text>)svg",
        middle_y, escaped(plot.y.title)));
}

std::string path_of(const Canvas& canvas, const PlotSeries& series) {
    std::string path;
    for (const auto& point : series.points) {
        const bool first = path.empty();
        path += fmt::format("{}{:.1f} {:.1f}", first ? "M" : "L", canvas.x(point.x), canvas.y(point.y));
    }
    return path;
}

void draw_series(Canvas& canvas, const PlotSeries& series, const char* colour) {
    if (series.style == PlotSeries::Style::bars) {
        for (const auto& point : series.points)
            canvas.add(fmt::format(R"(<path class="line" stroke="{0}" d="M{1:.1f} {2:.1f}V{3:.1f}"/>)"
                                   R"(<circle cx="{1:.1f}" cy="{4:.1f}" r="4" fill="{0}"/>)",
                                   colour, canvas.x(point.x), canvas.y(point.low), canvas.y(point.high),
                                   canvas.y(point.y)));
        return;
    }
    const bool dashed = series.style == PlotSeries::Style::dashed;
    canvas.add(fmt::format(R"(<path class="line" stroke="{}"{} d="{}"/>)", colour,
                           dashed ? R"( stroke-dasharray="5 4")" : "", path_of(canvas, series)));
}

// Below the plot, one row for each name.
double draw_legend(Canvas& canvas, const Plot& plot) {
    double y = height + 4;
    for (std::size_t i = 0; i < plot.series.size(); ++i) {
        const auto& series = plot.series[i];
        if (series.name.empty()) continue;
        PlotSeries sample{"", series.style, {}};
        const char* colour = colours[i % colours.size()];
        if (series.style == PlotSeries::Style::bars)
            canvas.add(
                fmt::format(R"(<circle cx="{:.1f}" cy="{:.1f}" r="4" fill="{}"/>)", left + 12, y, colour));
        else
            canvas.add(fmt::format(
                R"(<path class="line" stroke="{}"{} d="M{:.1f} {:.1f}h24"/>)", colour,
                series.style == PlotSeries::Style::dashed ? R"( stroke-dasharray="5 4")" : "", left, y));
        canvas.add(
            fmt::format(R"(<text x="{:.1f}" y="{:.1f}">{}</text>)", left + 32, y + 4, escaped(series.name)));
        y += legend_row;
    }
    return y;
}

}  // namespace

std::vector<double> marks_of(double low, double high) {
    const double rough = (high - low) / 5;
    const double power = std::pow(10, std::floor(std::log10(rough)));
    const double digit = rough / power;
    const double step = power * (digit < 1.5 ? 1 : digit < 3.5 ? 2 : digit < 7.5 ? 5 : 10);
    std::vector<double> marks;
    for (double k = std::ceil(low / step - 1e-9); k * step <= high + step * 1e-9; ++k)
        marks.push_back(k * step);
    return marks;
}

std::string svg_of(const Plot& plot) {
    Canvas canvas(plot);
    draw_axes(canvas, plot);
    for (std::size_t i = 0; i < plot.series.size(); ++i)
        draw_series(canvas, plot.series[i], colours[i % colours.size()]);
    const double end = draw_legend(canvas, plot);
    return fmt::format(
        R"(<svg class="plot" role="img" aria-label="{}" viewBox="0 0 {:g} {:g}" width="{:g}" height="{:g}">{}</svg>)",
        escaped(plot.title), width, end, width, end, canvas.text());
}

}  // namespace hilum::evaluation
