#include "training/package/curves.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "evaluation/report/plot.h"

namespace hilum::training {
namespace {

using evaluation::Plot;
using evaluation::PlotSeries;

constexpr double plot_width = 420, plot_height = 400;  // as svg_of() draws, with a legend of two rows

constexpr const char* style =
    "<style>svg { background: #fff; } text { font: 12px system-ui, sans-serif; fill: #1b1f24; } "
    ".grid { stroke: #d0d7de; fill: none; } .line { fill: none; stroke-width: 2; }</style>";

template <typename Figure>
PlotSeries series_of(const std::string& name, PlotSeries::Style line, const std::vector<Epoch>& epochs,
                     Figure figure) {
    PlotSeries series{name, line, {}};
    for (const auto& epoch : epochs) {
        const std::optional<double> value = figure(epoch);
        if (value && std::isfinite(*value))
            series.points.push_back({static_cast<double>(epoch.number), *value});
    }
    return series;
}

double highest(const std::vector<PlotSeries>& all) {
    double value = 0;
    for (const auto& series : all)
        for (const auto& point : series.points) value = std::max(value, point.y);
    return value > 0 ? value * 1.05 : 1;
}

// Where `x` pixels from the left.
std::string placed(std::string svg, double x) {
    constexpr std::string_view start = "<svg ";
    return svg.replace(0, start.size(), fmt::format("<svg x=\"{:g}\" ", x));
}

}  // namespace

std::string curves_svg(const std::vector<Epoch>& epochs) {
    const double last = epochs.empty() ? 1 : epochs.back().number;
    const evaluation::PlotAxis by_epoch{"Epoch", 0, std::max(last, 1.0)};
    std::vector<PlotSeries> losses{series_of("training", PlotSeries::Style::line, epochs,
                                             [](const Epoch& e) { return std::optional(e.training_loss); }),
                                   series_of("validation", PlotSeries::Style::dashed, epochs,
                                             [](const Epoch& e) { return e.validation_loss; })};
    const double top = highest(losses);
    std::string drawn = svg_of(Plot{"Loss by epoch", by_epoch, {"Loss", 0, top}, std::move(losses)});
    double width = plot_width;
    if (auto area = series_of("validation", PlotSeries::Style::dashed, epochs,
                              [](const Epoch& e) { return e.validation_area; });
        !area.points.empty()) {
        drawn += placed(svg_of(Plot{"Area under the ROC curve by epoch",
                                    by_epoch,
                                    {"Area under the ROC curve", 0, 1},
                                    {PlotSeries{}, std::move(area)}}),
                        plot_width);
        width += plot_width;
    }
    return fmt::format(R"(<svg xmlns="http://www.w3.org/2000/svg" width="{0:g}" height="{1:g}" )"
                       R"(viewBox="0 0 {0:g} {1:g}">{2}{3}</svg>)",
                       width, plot_height, style, drawn) +
           "\n";
}

}  // namespace hilum::training
