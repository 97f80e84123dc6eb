#include "results/capture/capture_canvas.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace hilum::results {
namespace {

constexpr const char* font_family = "DejaVu Sans";
constexpr double smallest_scale = 0.7;  // of a style's size; text that is longer still is wrapped

double width_of(PangoLayout* layout) {
    int width = 0;
    pango_layout_get_size(layout, &width, nullptr);
    return static_cast<double>(width) / PANGO_SCALE;
}

double height_of(PangoLayout* layout) {
    int height = 0;
    pango_layout_get_size(layout, nullptr, &height);
    return static_cast<double>(height) / PANGO_SCALE;
}

void set_font(PangoLayout* layout, const TextStyle& style, double scale) {
    PangoFontDescription* const font = pango_font_description_new();
    pango_font_description_set_family(font, font_family);
    pango_font_description_set_weight(font, style.bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
    pango_font_description_set_absolute_size(font, style.size * scale * PANGO_SCALE);
    pango_layout_set_font_description(layout, font);
    pango_font_description_free(font);
}

bool is_open(PangoFont* font) {
    cairo_scaled_font_t* const scaled =
        PANGO_IS_CAIRO_FONT(font) ? pango_cairo_font_get_scaled_font(PANGO_CAIRO_FONT(font)) : nullptr;
    return scaled != nullptr && cairo_scaled_font_status(scaled) == CAIRO_STATUS_SUCCESS;
}

// Pango draws boxes for the letters of a font whose file it could not open, and for those that no font has.
// Of scripts other than Latin a machine may have none.
bool is_legible(PangoLayout* layout, const std::string& utf8) {
    const bool ascii = std::ranges::all_of(utf8, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
    bool legible = !ascii || pango_layout_get_unknown_glyphs_count(layout) == 0;
    PangoLayoutIter* const at = pango_layout_get_iter(layout);
    do {
        const PangoLayoutRun* const run = pango_layout_iter_get_run_readonly(at);
        if (run != nullptr) legible = legible && is_open(run->item->analysis.font);
    } while (pango_layout_iter_next_run(at));
    pango_layout_iter_free(at);
    return legible;
}

}  // namespace

Result<Canvas> Canvas::make(int columns, int rows) {
    Canvas canvas(columns, rows, cairo_image_surface_create(CAIRO_FORMAT_RGB24, columns, rows));
    canvas.note(cairo_surface_status(canvas.surface_.get()));
    canvas.note(cairo_status(canvas.cairo_.get()));
    if (canvas.status_ != CAIRO_STATUS_SUCCESS)
        return fail("drawing", "no canvas of {} x {} pixels", columns, rows);
    return canvas;
}

// What Cairo cannot make it leaves out, and goes on: the picture of a finding would lack its radiograph.
void Canvas::note(cairo_status_t status) {
    if (status == CAIRO_STATUS_NO_MEMORY) throw std::bad_alloc();
    if (status_ == CAIRO_STATUS_SUCCESS) status_ = status;
}

Canvas::Surface Canvas::surface(cairo_format_t format, int columns, int rows) {
    Surface made(cairo_image_surface_create(format, columns, rows));
    const cairo_status_t status = cairo_surface_status(made.get());
    note(status);
    return status == CAIRO_STATUS_SUCCESS ? std::move(made) : nullptr;
}

void Canvas::fill(const Box& box, const Colour& colour) {
    cairo_set_source_rgb(cairo_.get(), colour.red, colour.green, colour.blue);
    cairo_rectangle(cairo_.get(), box.left, box.top, box.width, box.height);
    cairo_fill(cairo_.get());
}

void Canvas::gray_image(const Box& box, std::span<const std::uint8_t> pixels, int columns, int rows) {
    const Surface image = surface(CAIRO_FORMAT_RGB24, columns, rows);
    if (!image) return;
    cairo_surface_flush(image.get());
    unsigned char* const data = cairo_image_surface_get_data(image.get());
    const int stride = cairo_image_surface_get_stride(image.get());
    for (int row = 0; row < rows; ++row)
        for (int column = 0; column < columns; ++column) {
            const std::uint32_t gray =
                pixels[static_cast<std::size_t>(row) * static_cast<std::size_t>(columns) +
                       static_cast<std::size_t>(column)];
            const std::uint32_t pixel = gray << 16 | gray << 8 | gray;
            std::memcpy(data + static_cast<std::ptrdiff_t>(row) * stride + 4 * column, &pixel, 4);
        }
    cairo_surface_mark_dirty(image.get());
    cairo_save(cairo_.get());
    cairo_translate(cairo_.get(), box.left, box.top);
    cairo_scale(cairo_.get(), box.width / columns, box.height / rows);
    cairo_set_source_surface(cairo_.get(), image.get(), 0, 0);
    cairo_pattern_set_filter(cairo_get_source(cairo_.get()), CAIRO_FILTER_GOOD);
    cairo_pattern_set_extend(cairo_get_source(cairo_.get()), CAIRO_EXTEND_PAD);
    cairo_rectangle(cairo_.get(), 0, 0, columns, rows);
    cairo_fill(cairo_.get());
    cairo_restore(cairo_.get());
}

void Canvas::overlay(double left, double top, std::span<const std::uint32_t> argb, int columns, int rows) {
    const Surface image = surface(CAIRO_FORMAT_ARGB32, columns, rows);
    if (!image) return;
    cairo_surface_flush(image.get());
    unsigned char* const data = cairo_image_surface_get_data(image.get());
    const int stride = cairo_image_surface_get_stride(image.get());
    const std::size_t row_pixels = static_cast<std::size_t>(columns);
    for (int row = 0; row < rows; ++row)
        std::memcpy(data + static_cast<std::ptrdiff_t>(row) * stride,
                    argb.data() + static_cast<std::size_t>(row) * row_pixels, row_pixels * 4);
    cairo_surface_mark_dirty(image.get());
    cairo_set_source_surface(cairo_.get(), image.get(), left, top);
    cairo_paint(cairo_.get());
}

Canvas::Layout Canvas::layout(double width, const std::string& utf8, const TextStyle& style) {
    Layout layout(pango_cairo_create_layout(cairo_.get()));
    // Without rounding of each glyph to whole pixels, text scales evenly.
    cairo_font_options_t* const options = cairo_font_options_create();
    note(cairo_font_options_status(options));
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    pango_cairo_context_set_font_options(pango_layout_get_context(layout.get()), options);
    cairo_font_options_destroy(options);
    pango_context_set_round_glyph_positions(pango_layout_get_context(layout.get()), FALSE);
    pango_layout_context_changed(layout.get());
    pango_layout_set_text(layout.get(), utf8.data(), static_cast<int>(utf8.size()));
    set_font(layout.get(), style, 1);
    legible_ = legible_ && is_legible(layout.get(), utf8);
    const double natural = width_of(layout.get());
    if (natural <= width) return layout;
    const double scale = std::max(smallest_scale, 0.98 * width / natural);
    set_font(layout.get(), style, scale);
    pango_layout_set_width(layout.get(), static_cast<int>(width * PANGO_SCALE));
    pango_layout_set_wrap(layout.get(), PANGO_WRAP_WORD_CHAR);
    legible_ = legible_ && is_legible(layout.get(), utf8);
    return layout;
}

Box Canvas::text(double left, double top, double width, const std::string& utf8, const TextStyle& style,
                 double align) {
    const Layout laid_out = layout(width, utf8, style);
    const Box box{left + align * std::max(0.0, width - width_of(laid_out.get())), top,
                  width_of(laid_out.get()), height_of(laid_out.get())};
    cairo_set_source_rgb(cairo_.get(), style.colour.red, style.colour.green, style.colour.blue);
    cairo_move_to(cairo_.get(), box.left, box.top);
    pango_cairo_show_layout(cairo_.get(), laid_out.get());
    return box;
}

Box Canvas::edged_text(double left, double top, double width, const std::string& utf8,
                       const TextStyle& style) {
    const Layout laid_out = layout(width, utf8, style);
    cairo_move_to(cairo_.get(), left, top);
    pango_cairo_layout_path(cairo_.get(), laid_out.get());
    cairo_set_source_rgb(cairo_.get(), 0, 0, 0);
    cairo_set_line_width(cairo_.get(), style.size / 5);
    cairo_set_line_join(cairo_.get(), CAIRO_LINE_JOIN_ROUND);
    cairo_stroke(cairo_.get());
    return text(left, top, width, utf8, style);
}

double Canvas::text_width(const std::string& utf8, const TextStyle& style) {
    return width_of(layout(1e6, utf8, style).get());
}

double Canvas::text_height(double width, const std::string& utf8, const TextStyle& style) {
    return height_of(layout(width, utf8, style).get());
}

Result<Picture> Canvas::picture() {
    note(cairo_status(cairo_.get()));
    note(cairo_surface_status(surface_.get()));
    if (status_ != CAIRO_STATUS_SUCCESS)
        return fail("drawing", "the picture cannot be drawn: {}", cairo_status_to_string(status_));
    if (!legible_) {
        pango_cairo_font_map_set_default(nullptr);  // the next picture opens its fonts anew
        return tl::unexpected(Error{"no_font",
                                    fmt::format("the letters of '{}' cannot be drawn: its files are missing "
                                                "(fonts-dejavu-core) or cannot be read",
                                                font_family),
                                    Retry::once_mended});
    }
    cairo_surface_flush(surface_.get());
    const unsigned char* const data = cairo_image_surface_get_data(surface_.get());
    const int stride = cairo_image_surface_get_stride(surface_.get());
    Picture picture{columns_, rows_, {}};
    picture.rgb.reserve(static_cast<std::size_t>(columns_) * static_cast<std::size_t>(rows_) * 3);
    for (int row = 0; row < rows_; ++row)
        for (int column = 0; column < columns_; ++column) {
            std::uint32_t pixel = 0;
            std::memcpy(&pixel, data + static_cast<std::ptrdiff_t>(row) * stride + 4 * column, 4);
            for (const int shift : {16, 8, 0})
                picture.rgb.push_back(static_cast<std::uint8_t>(pixel >> shift));
        }
    return picture;
}

}  // namespace hilum::results
