// The grey picture over which a presentation state lies: the radiograph alone, with black margins above and
// below it, in which the state's text has room. So no text but that at the activation's line, which can be
// turned off with it, covers the image or the letters in it, and none is lost in a viewer that shows no more
// than the picture's own area.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "contract/artifact/analysis_artifact.h"
#include "results/capture/activation_contour.h"
#include "results/words.h"

namespace hilum::results {

// In pixels of the picture.
struct PictureArea {
    int left = 0, top = 0, columns = 0, rows = 0;
};

// The lines that a presentation state shows, in UTF-8. How much room they have depends on the package and on
// whether a frame is spoken of, never on what the model said: a state that is made later than its picture
// still fits.
struct OverlaidText {
    std::vector<std::string> banner;  // above the image
    std::vector<std::string> lines;   // below it
    std::size_t room = 0;             // lines that have room there: never fewer than they are
    std::vector<std::string> legend;  // of the activation's contour, directly below it; empty: there is none
};

// `mapped` is the label whose activation is shown, -1: none; `analysed_at` and `frame` are as in
// capture_text.
OverlaidText overlaid_text(const InferenceResult& result, const Words& words, const std::string& analysed_at,
                           const std::string& frame, int mapped);

struct GrayscaleLayout {
    int columns = 0, rows = 0;  // of the picture; the longer side is the one asked for
    PictureArea image, banner, legend, lines;
};
GrayscaleLayout grayscale_layout(const DisplayGeometry& image, const OverlaidText& text, int long_side);

// For a few words within the image, beside the activation's line.
PictureArea area_beside(const std::vector<ImageRegion>& regions, const std::string& words,
                        const GrayscaleLayout& layout);

struct GrayPicture {
    int columns = 0, rows = 0;
    std::vector<std::uint8_t> pixels;  // columns * rows; black is 0
};

// Codes: "artifact_damaged" when the display image is missing or not of its size, "drawing" when Cairo fails,
// "no_font" (Canvas::picture()).
Result<GrayPicture> draw_grayscale(const AnalysisArtifact& artifact, const GrayscaleLayout& layout);

}  // namespace hilum::results
