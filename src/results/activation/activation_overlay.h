// An activation map laid over the radiograph: where in the image the model's answer came from.
#pragma once

#include <cstdint>
#include <vector>

#include "contract/artifact/analysis_artifact.h"

namespace hilum::results {

// The strength of one label's map at each pixel of a picture of the whole image, `columns` x `rows`: 0 to 1,
// where 1 is the map's own maximum (maps have no scale that images share) and what speaks against the label
// is 0. Pixels that the model did not see, because its input was cropped, are 0.
struct StrengthField {
    int columns = 0, rows = 0;
    std::vector<float> values;
};

// Interpolates the map bilinearly through the input's geometry. Empty when the artifact has no map of that
// label, or the map is not finite or nowhere positive: then there is nothing to show.
StrengthField strength_field(const AnalysisArtifact& artifact, int label, int columns, int rows);

// Of the maximum: where contours run, and what activation regions bound.
inline constexpr double activation_contour_at = 0.5;

struct Colour {
    double red = 0, green = 0, blue = 0;  // 0 to 1
};

// Plasma (matplotlib's): even to the eye, and readable with every kind of colour blindness.
Colour strength_colour(double strength);
double strength_opacity(double strength);  // 0 below a quarter, so that the anatomy stays free of a veil

// The field as pixels, 4 bytes each as Cairo's ARGB32 wants them (premultiplied, native byte order), with a
// contour at activation_contour_at, `contour_width` pixels wide.
std::vector<std::uint32_t> overlay_pixels(const StrengthField& field, double contour_width);

}  // namespace hilum::results
