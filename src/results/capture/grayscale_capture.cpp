#include "results/capture/grayscale_capture.h"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "results/capture/capture_canvas.h"
#include "results/capture/capture_text.h"
#include "results/report/report_terms.h"

namespace hilum::results {
namespace {

// In 1/1280 of the long side. A viewer chooses the letters' size; these have room for those of most.
constexpr double line_height = 32;
constexpr double letter_width = 14;
constexpr double margin = 14;
constexpr std::size_t legend_lines = 2;
constexpr std::size_t line_characters = 60;
// Two lines that follow each other fill more than one: of longest_findings_line there are no more than these.
constexpr std::size_t findings_lines = 3;
static_assert(longest_findings_line <= 2 * line_characters);

std::vector<std::string> wrapped(const std::string& text, std::size_t characters) {
    std::vector<std::string> lines(1);
    std::istringstream words(text);
    for (std::string word; words >> word;) {
        if (!lines.back().empty() && lines.back().size() + 1 + word.size() > characters) lines.emplace_back();
        lines.back() += (lines.back().empty() ? "" : " ") + word;
    }
    return lines;
}

std::string label_line(const InferenceResult& result, const LabelResult& label, const Words& words) {
    const auto [score, limit] = shown_score(result, label, words);
    const std::string line = fmt::format("{} {}", label.name, score);
    if (!has_thresholds(result)) return line;
    return filled(label.positive ? words.reaches_threshold : words.below_threshold, line, limit);
}

}  // namespace

OverlaidText overlaid_text(const InferenceResult& result, const Words& words, const std::string& analysed_at,
                           const std::string& frame, int mapped) {
    const CaptureText text = capture_text(result, words, analysed_at, frame, mapped >= 0);
    OverlaidText overlaid;
    overlaid.banner =
        wrapped(text.notice.empty() ? words.ai_result : words.ai_result + (words.colon + text.notice),
                line_characters);
    if (mapped >= 0)
        overlaid.legend = {filled(words.contour, result.labels[static_cast<std::size_t>(mapped)].name),
                           words.no_outline};
    overlaid.lines = {
        translated(terms::ai_diagnosis, words).meaning + words.colon + text.headline,
        text.threshold.empty() ? text.score : text.score + ", " + text.threshold,
        words.scores + (words.colon + text.calibration),
    };
    if (!text.frame_line.empty()) overlaid.lines.push_back(text.frame_line);
    for (const LabelResult* label : text.labels) overlaid.lines.push_back(label_line(result, *label, words));
    overlaid.room = overlaid.lines.size() + 2;
    if (result.labels.size() > usual_rows) overlaid.room += findings_lines + 1;
    if (!text.more_findings.empty())
        for (const std::string& line : wrapped(text.more_findings, line_characters))
            overlaid.lines.push_back(line);
    if (!text.more_labels.empty()) overlaid.lines.push_back(text.more_labels);
    overlaid.lines.insert(overlaid.lines.end(), {text.model_line, text.time_line});
    return overlaid;
}

GrayscaleLayout grayscale_layout(const DisplayGeometry& image, const OverlaidText& text, int long_side) {
    const double unit = long_side / 1280.0;
    const auto height_of = [&](std::size_t lines) {
        return rounded(static_cast<double>(lines) * line_height * unit);
    };
    const int gap = rounded(margin * unit);
    const int above = height_of(text.banner.size()) + 2 * gap;
    const int below = height_of(legend_lines) + height_of(text.room) + 3 * gap;
    const double room = std::max(1, long_side - above - below);
    const double factor = std::min(static_cast<double>(long_side) / image.columns, room / image.rows);
    GrayscaleLayout layout;
    layout.image.columns = std::max(1, rounded(image.columns * factor));
    layout.image.rows = std::max(1, rounded(image.rows * factor));
    layout.image.top = above;
    layout.columns = std::max(layout.image.columns, rounded(long_side * 0.6));  // text needs width
    layout.rows = above + layout.image.rows + below;
    layout.image.left = (layout.columns - layout.image.columns) / 2;
    const int width = layout.columns - 2 * gap;
    const int image_end = above + layout.image.rows;
    layout.banner = {gap, gap, width, height_of(text.banner.size())};
    layout.legend = {gap, image_end + gap, width, height_of(legend_lines)};
    layout.lines = {gap, layout.legend.top + layout.legend.rows + gap, width, height_of(text.room)};
    return layout;
}

PictureArea area_beside(const std::vector<ImageRegion>& regions, const std::string& words,
                        const GrayscaleLayout& layout) {
    const double unit = std::max(layout.columns, layout.rows) / 1280.0;
    const double columns =
        std::min(layout.image.columns * 1.0, static_cast<double>(words.size()) * letter_width * unit);
    const double rows = std::min(layout.image.rows * 1.0, line_height * unit);
    const ImagePlace place = place_beside(regions, columns / layout.image.columns, rows / layout.image.rows);
    return {layout.image.left + rounded(place.across * layout.image.columns),
            layout.image.top + rounded(place.down * layout.image.rows), rounded(columns), rounded(rows)};
}

Result<GrayPicture> draw_grayscale(const AnalysisArtifact& artifact, const GrayscaleLayout& layout) {
    if (auto whole = check_display(artifact); !whole) return tl::unexpected(whole.error());
    auto canvas = Canvas::make(layout.columns, layout.rows);
    if (!canvas) return tl::unexpected(canvas.error());
    canvas->gray_image({static_cast<double>(layout.image.left), static_cast<double>(layout.image.top),
                        static_cast<double>(layout.image.columns), static_cast<double>(layout.image.rows)},
                       artifact.display_pixels, artifact.display.columns, artifact.display.rows);
    const auto colour = canvas->picture();
    if (!colour) return tl::unexpected(colour.error());
    GrayPicture picture{layout.columns, layout.rows, {}};
    picture.pixels.reserve(colour->rgb.size() / 3);
    for (std::size_t i = 0; i < colour->rgb.size(); i += 3) picture.pixels.push_back(colour->rgb[i]);
    return picture;
}

}  // namespace hilum::results
