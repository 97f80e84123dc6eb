// How an image's pixels lie: their shape, and which way up the patient is.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "contract/analysis.h"
#include "model/decoder/pixels/stored_pixels.h"

class DcmDataset;

namespace hilum::model {

// Height to width of one pixel. Square where the header says nothing, or nothing plausible (a tenth to ten).
struct PixelShape {
    std::int64_t height = 1, width = 1;
};

// Pixel Aspect Ratio (PS3.3 C.7.6.3.1.7), else the ratio of Pixel Spacing, Imager Pixel Spacing or Nominal
// Scanned Pixel Spacing, to a millionth.
PixelShape pixel_shape_of(DcmDataset& dataset);

// The turn that brings a frontal image with this Patient Orientation (0020,0020) to L\F: columns run to the
// patient's left, rows to the feet, as frontal radiographs are hung. None where the orientation is not given
// or names other directions than left, right, head and feet, so for lateral views.
Turn turn_to_standard_view(DcmDataset& dataset);

// Whether Patient Orientation is that of a lateral view: one axis runs to the front or the back, the other to
// the head or the feet.
bool is_oriented_as_lateral(DcmDataset& dataset);

// The chief direction of each axis: "L, F". Empty where one is missing.
std::string orientation_of(DcmDataset& dataset);

// The pixels in the order of the turned image, in `storage`, 16 bits to a word.
StoredPixels turned(const StoredPixels& pixels, const Turn& turn, std::vector<std::uint16_t>& storage);

}  // namespace hilum::model
