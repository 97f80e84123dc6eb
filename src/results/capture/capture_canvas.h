// Cairo and Pango behind the few operations that a capture's picture needs. Sizes are pixels.
#pragma once

#include <cairo.h>
#include <pango/pangocairo.h>

#include <cmath>
#include <memory>
#include <span>
#include <string>

#include "base/error.h"
#include "results/activation/activation_overlay.h"
#include "results/capture/capture_picture.h"

namespace hilum::results {

inline int rounded(double pixels) {
    return static_cast<int>(std::lround(pixels));
}

struct TextStyle {
    double size = 0;
    Colour colour{1, 1, 1};
    bool bold = false;
};

struct Box {
    double left = 0, top = 0, width = 0, height = 0;
};

// Each throws std::bad_alloc where Cairo has no memory for what it is to draw.
class Canvas {
  public:
    // Black. Code "drawing" when Cairo cannot make it.
    static Result<Canvas> make(int columns, int rows);

    void fill(const Box& box, const Colour& colour);
    void gray_image(const Box& box, std::span<const std::uint8_t> pixels, int columns, int rows);
    void overlay(double left, double top, std::span<const std::uint32_t> argb, int columns, int rows);

    // Draws text in one line, made smaller where it would be wider than `width`, and beyond a limit of
    // legibility wrapped; returns the box that it took. `align`: 0 left, 1 right within `width`.
    Box text(double left, double top, double width, const std::string& utf8, const TextStyle& style,
             double align = 0);
    // The same with a dark edge round each letter: legible over an image that is dark here and bright there.
    Box edged_text(double left, double top, double width, const std::string& utf8, const TextStyle& style);
    // The width of the text in one line, unshrunk; the height that text() would take.
    double text_width(const std::string& utf8, const TextStyle& style);
    double text_height(double width, const std::string& utf8, const TextStyle& style);

    // Codes: "drawing" where something before could not be drawn; "no_font" where a text in ASCII came out as
    // boxes, with which nobody is served.
    Result<Picture> picture();

  private:
    struct Free {
        void operator()(cairo_t* cairo) const { cairo_destroy(cairo); }
        void operator()(cairo_surface_t* surface) const { cairo_surface_destroy(surface); }
        void operator()(PangoLayout* layout) const { g_object_unref(layout); }
    };
    using Layout = std::unique_ptr<PangoLayout, Free>;
    using Surface = std::unique_ptr<cairo_surface_t, Free>;

    Canvas(int columns, int rows, cairo_surface_t* surface)
        : columns_(columns), rows_(rows), surface_(surface), cairo_(cairo_create(surface)) {}
    void note(cairo_status_t status);
    // Null where it cannot be made, which picture() tells.
    Surface surface(cairo_format_t format, int columns, int rows);
    Layout layout(double width, const std::string& utf8, const TextStyle& style);

    int columns_, rows_;
    bool legible_ = true;
    cairo_status_t status_ = CAIRO_STATUS_SUCCESS;  // the first that was none
    Surface surface_;
    std::unique_ptr<cairo_t, Free> cairo_;
};

}  // namespace hilum::results
