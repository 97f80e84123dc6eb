#include "results/capture/capture_picture.h"

#include <algorithm>
#include <cmath>

#include "results/capture/activation_contour.h"
#include "results/capture/capture_canvas.h"
#include "results/capture/capture_text.h"
#include "results/report/report_terms.h"

namespace hilum::results {
namespace {

// Okabe and Ito's orange and sky blue: told apart with every kind of colour blindness.
constexpr Colour orange{0.90, 0.62, 0.0};
constexpr Colour sky_blue{0.34, 0.71, 0.91};
constexpr Colour white{0.96, 0.96, 0.96};
constexpr Colour gray{0.70, 0.72, 0.74};
constexpr Colour panel_colour{0.09, 0.10, 0.12};
constexpr Colour track_colour{0.22, 0.24, 0.27};

// Labels have so many rows at most, where as many are findings.
constexpr std::size_t rows_of_findings = 14;

// All lengths are in 1/1280 of the long side, so that text scales with the picture: 22 stay legible at half
// size.
struct Scale {
    double unit;
    double operator()(double length) const { return length * unit; }
    TextStyle banner() const { return {24 * unit, white, true}; }
    TextStyle headline(const Colour& colour) const { return {38 * unit, colour, true}; }
    TextStyle body(const Colour& colour = white) const { return {23 * unit, colour, false}; }
    TextStyle small() const { return {21 * unit, gray, false}; }
};

// Draws the panel, or only measures it: one code, so that the two cannot differ.
class Panel {
  public:
    Panel(Canvas& canvas, Scale scale, const InferenceResult& result, const Words& words,
          const CaptureText& content)
        : canvas_(canvas), scale_(scale), result_(result), words_(words), content_(content) {}

    // Returns the height. `draw` false: nothing is drawn.
    double lay_out(double top, double width, bool draw) {
        draw_ = draw;
        left_ = scale_(28);
        width_ = width - 2 * left_;
        y_ = top + scale_(16);
        line(content_.headline, scale_.headline(has_finding(result_) ? orange : white), 4);
        if (!content_.frame_line.empty()) line(content_.frame_line, scale_.body(), 4);
        line(score_line(), scale_.body(), 12);
        score_width_ = score_width();
        for (const LabelResult* label : content_.labels) label_row(*label);
        if (!content_.more_findings.empty()) line(content_.more_findings, scale_.body(orange), 4);
        if (!content_.more_labels.empty()) line(content_.more_labels, scale_.small(), 4);
        if (!content_.map_line.empty()) legend();
        y_ += scale_(6);
        footer();
        return y_ + scale_(14) - top;
    }

  private:
    std::string score_line() const {
        const std::string line = fmt::format("{} ({})", content_.score, content_.calibration);
        return content_.threshold.empty() ? line : line + ", " + content_.threshold;
    }

    // Room for the longest: scores near their threshold have more than two decimals.
    double score_width() {
        double widest = scale_(80);
        for (const LabelResult* label : content_.labels)
            widest = std::max(widest,
                              canvas_.text_width(shown_score(result_, *label, words_).score, scale_.body()));
        return std::min(widest, width_ * 0.3);
    }

    void line(const std::string& text, const TextStyle& style, double gap) {
        y_ += draw_ ? canvas_.text(left_, y_, width_, text, style).height
                    : canvas_.text_height(width_, text, style);
        y_ += scale_(gap);
    }

    // Name, bar with a tick at the threshold where there is one, score.
    void label_row(const LabelResult& label) {
        const double height = scale_(34);
        if (draw_) {
            const bool shown_as_finding = is_finding(label);
            const double name_width = width_ * 0.44;
            const Box bar{left_ + name_width + scale_(12), y_ + scale_(8),
                          width_ - name_width - score_width_ - scale_(12), scale_(16)};
            const double score = label.probability;
            canvas_.text(left_, y_, name_width, label.name, scale_.body(label.positive ? white : gray));
            canvas_.fill(bar, track_colour);
            canvas_.fill({bar.left, bar.top, bar.width * std::clamp(score, 0.0, 1.0), bar.height},
                         shown_as_finding ? orange : sky_blue);
            if (has_thresholds(result_)) threshold_tick(bar, label.threshold);
            canvas_.text(left_ + width_ - score_width_, y_, score_width_,
                         shown_score(result_, label, words_).score,
                         scale_.body(label.positive ? white : gray), 1);
        }
        y_ += height;
    }

    void threshold_tick(const Box& bar, double threshold) {
        const double middle = bar.left + bar.width * std::clamp(threshold, 0.0, 1.0);
        canvas_.fill({middle - scale_(1.5), bar.top - scale_(5), scale_(3), bar.height + scale_(10)}, white);
    }

    // What the colours over the image mean.
    void legend() {
        y_ += scale_(6);
        const double name_width = width_ * 0.44;
        const std::string& text = content_.map_line;
        const TextStyle style = scale_.small();
        const double height = std::max(canvas_.text_height(name_width, text, style), scale_(26));
        if (draw_) {
            canvas_.text(left_, y_, name_width, text, style);
            const TextStyle ends = scale_.small();
            const double left = left_ + name_width + scale_(12);
            const double right = left_ + width_;
            const double low = canvas_.text(left, y_, scale_(200), words_.lowest, ends).width;
            const double high =
                canvas_.text(right - scale_(200), y_, scale_(200), words_.highest, ends, 1).width;
            gradient({left + low + scale_(12), y_ + scale_(6), right - left - low - high - scale_(24),
                      scale_(16)});
        }
        y_ += height;
    }

    void gradient(const Box& box) {
        const int steps = std::max(1, static_cast<int>(box.width));
        for (int i = 0; i < steps; ++i) {
            const double strength = (i + 0.5) / steps;
            const double opacity = strength_opacity(strength) * 2;  // the legend has no anatomy to spare
            const Colour colour = strength_colour(strength);
            canvas_.fill({box.left + i, box.top, 1, box.height},
                         {colour.red * opacity, colour.green * opacity, colour.blue * opacity});
        }
    }

    // Model and time side by side where they fit, else below each other.
    void footer() {
        const TextStyle style = scale_.small();
        const double both = canvas_.text_width(content_.model_line, style) +
                            canvas_.text_width(content_.time_line, style) + scale_(24);
        if (both > width_) {
            line(content_.model_line, style, 2);
            line(content_.time_line, style, 0);
            return;
        }
        if (draw_) canvas_.text(left_, y_, width_, content_.time_line, style, 1);
        line(content_.model_line, style, 0);
    }

    Canvas& canvas_;
    Scale scale_;
    const InferenceResult& result_;
    const Words& words_;
    const CaptureText& content_;
    bool draw_ = false;
    double left_ = 0, width_ = 0, y_ = 0, score_width_ = 0;
};

struct Layout {
    int columns = 0, rows = 0;  // of the picture
    int banner = 0, panel = 0;  // heights
    int image_left = 0, image_columns = 0, image_rows = 0;
};

double banner_height(Canvas& canvas, const Scale& scale, double width, const std::string& notice) {
    const double text =
        canvas.text_height(width * 0.74 - scale(28), notice.empty() ? "AI" : notice, scale.banner());
    return std::max(scale(54), text + scale(22));
}

// The image as large as it can be so that the picture's long side is as asked for. The panel's height depends
// on the width and the width on the panel's height: a few rounds settle it.
Layout find_layout(Canvas& canvas, const Scale& scale, const DisplayGeometry& image, int long_side,
                   const InferenceResult& result, const Words& words, const CaptureText& content) {
    Layout layout;
    layout.columns = long_side;
    for (int round = 0; round < 4; ++round) {
        layout.banner = rounded(banner_height(canvas, scale, layout.columns, content.notice));
        layout.panel =
            rounded(Panel(canvas, scale, result, words, content).lay_out(0, layout.columns, false));
        const double room = std::max(1, long_side - layout.banner - layout.panel);
        const double factor = std::min(static_cast<double>(long_side) / image.columns, room / image.rows);
        layout.image_columns = std::max(1, rounded(image.columns * factor));
        layout.image_rows = std::max(1, rounded(image.rows * factor));
        layout.columns = std::max(layout.image_columns, rounded(long_side * 0.6));
    }
    layout.rows = std::min(long_side, layout.banner + layout.image_rows + layout.panel);
    layout.image_left = (layout.columns - layout.image_columns) / 2;
    return layout;
}

void draw_banner(Canvas& canvas, const Scale& scale, const Layout& layout, const Words& words,
                 const std::string& notice) {
    canvas.fill({0, 0, static_cast<double>(layout.columns), static_cast<double>(layout.banner)},
                panel_colour);
    const double top = scale(11);
    TextStyle title = scale.banner();
    title.colour = sky_blue;
    canvas.text(scale(28), top, layout.columns * 0.26 - scale(40), words.ai_result, title);  // off the notice
    TextStyle warning = scale.banner();
    warning.colour = orange;
    const double width = layout.columns * 0.74 - scale(28);
    if (!notice.empty()) canvas.text(layout.columns - scale(28) - width, top, width, notice, warning, 1);
}

// What the line of the map is not, beside it.
void draw_contour_note(Canvas& canvas, const Scale& scale, const Layout& layout,
                       const std::vector<ImageRegion>& regions, const Words& words) {
    if (regions.empty()) return;
    const TextStyle style{21 * scale.unit, white, true};
    const double width = std::min(canvas.text_width(words.beside_contour, style) + scale(4),
                                  static_cast<double>(layout.image_columns));
    const double height = canvas.text_height(width, words.beside_contour, style);
    const ImagePlace place = place_beside(regions, width / layout.image_columns, height / layout.image_rows);
    canvas.edged_text(layout.image_left + place.across * layout.image_columns,
                      layout.banner + place.down * layout.image_rows, width, words.beside_contour, style);
}

}  // namespace

Status check_display(const AnalysisArtifact& artifact) {
    const DisplayGeometry& display = artifact.display;
    if (display.columns <= 0 || display.rows <= 0 ||
        artifact.display_pixels.size() !=
            static_cast<std::size_t>(display.columns) * static_cast<std::size_t>(display.rows))
        return fail("artifact_damaged", "the kept analysis lacks the image to be shown");
    return {};
}

Result<Picture> draw_capture(const AnalysisArtifact& artifact, const InferenceResult& result,
                             const Words& words, int long_side, const std::string& analysed_at,
                             const std::string& frame) {
    if (const auto whole = check_display(artifact); !whole) return tl::unexpected(whole.error());
    const DisplayGeometry& display = artifact.display;
    const Scale scale{long_side / 1280.0};
    auto ruler = Canvas::make(16, 16);  // text is measured before the picture's size is known
    if (!ruler) return tl::unexpected(ruler.error());
    const StrengthField probe = strength_field(artifact, mapped_label(result), 1, 1);
    const CaptureText content =
        capture_text(result, words, analysed_at, frame, !probe.values.empty(), rows_of_findings);
    const Layout layout = find_layout(*ruler, scale, display, long_side, result, words, content);
    auto canvas = Canvas::make(layout.columns, layout.rows);
    if (!canvas) return tl::unexpected(canvas.error());
    draw_banner(*canvas, scale, layout, words, content.notice);
    canvas->gray_image({static_cast<double>(layout.image_left), static_cast<double>(layout.banner),
                        static_cast<double>(layout.image_columns), static_cast<double>(layout.image_rows)},
                       artifact.display_pixels, display.columns, display.rows);
    const StrengthField field =
        strength_field(artifact, mapped_label(result), layout.image_columns, layout.image_rows);
    if (!field.values.empty()) {
        canvas->overlay(layout.image_left, layout.banner, overlay_pixels(field, scale(2.5)), field.columns,
                        field.rows);
        draw_contour_note(*canvas, scale, layout, activation_regions(artifact, mapped_label(result)), words);
    }
    const double panel_top = layout.banner + layout.image_rows;
    canvas->fill({0, panel_top, static_cast<double>(layout.columns), layout.rows - panel_top}, panel_colour);
    Panel(*canvas, scale, result, words, content).lay_out(panel_top, layout.columns, true);
    return canvas->picture();
}

}  // namespace hilum::results
