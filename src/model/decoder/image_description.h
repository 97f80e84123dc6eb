// What the header says of an image's pixels (PS3.3 C.7.6.3), checked before anything is decoded.
#pragma once

#include <cstddef>
#include <cstdint>

#include "model/decoder/analysable.h"
#include "model/decoder/pixels/stored_pixels.h"

class DcmDataset;

namespace hilum::model {

struct ImageDescription {
    long long rows = 0, columns = 0, samples_per_pixel = 1;
    PixelEncoding encoding;

    std::size_t pixels() const { return static_cast<std::size_t>(rows * columns); }  // of one frame
    std::size_t samples() const { return pixels() * static_cast<std::size_t>(samples_per_pixel); }
    std::size_t bytes_of_sample() const { return static_cast<std::size_t>(encoding.bits_allocated / 8); }
};

// Codes: "undecodable" (no size, no bit depth), "bit_depth" (neither 8 nor 16 bits allocated, or bits that do
// not fit into them).
Analysable<ImageDescription> describe_image(DcmDataset& dataset);

// Whether it is grey or a colour image that is read, with as many samples a pixel as that has. Code
// "photometric_interpretation".
Analysable<void> check_photometric_interpretation(DcmDataset& dataset, const ImageDescription& image);

// Whether Rows x Columns are no more than `max_pixels`, and than are ever decoded; a colour pixel counts as
// three. Code "too_large".
Analysable<void> check_image_size(const ImageDescription& image, bool colour, std::uint64_t max_pixels);

}  // namespace hilum::model
