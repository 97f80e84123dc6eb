#include "model/decoder/image_description.h"

#include <algorithm>
#include <string>

#include "base/logging.h"
#include "dicom/dataset_reading.h"
#include "model/decoder/pixels/colour_image.h"
#include "model/decoder/pixels/frame_extraction.h"

namespace hilum::model {
namespace {

// Of a frame; decoding takes up to 8 bytes for each, and the largest radiographs have half as many.
constexpr std::uint64_t most_samples = 50'000'000;

}  // namespace

Analysable<ImageDescription> describe_image(DcmDataset& dataset) {
    ImageDescription image;
    const auto rows = integer_of(dataset, DCM_Rows), columns = integer_of(dataset, DCM_Columns);
    const auto allocated = integer_of(dataset, DCM_BitsAllocated),
               stored = integer_of(dataset, DCM_BitsStored);
    const auto frames = number_of_frames(dataset);
    if (!rows || !columns || !allocated || !stored || !frames)
        return undecodable("its header lacks its size or its bit depth");
    if (*rows < 1 || *columns < 1 || *frames < 1) return undecodable("its header says that it has no pixels");
    image.rows = *rows;
    image.columns = *columns;
    image.samples_per_pixel = integer_of(dataset, DCM_SamplesPerPixel).value_or(1);
    const long long high_bit = integer_of(dataset, DCM_HighBit).value_or(*stored - 1);
    if ((*allocated != 8 && *allocated != 16) || *stored < 1 || *stored > *allocated ||
        high_bit < *stored - 1 || high_bit >= *allocated)
        return refuse("bit_depth",
                      fmt::format("The image has {} of {} bits a pixel; 8 and 16 bit images are read.",
                                  *stored, *allocated));
    image.encoding = {.bits_allocated = static_cast<int>(*allocated),
                      .bits_stored = static_cast<int>(*stored),
                      .high_bit = static_cast<int>(high_bit),
                      .is_signed = integer_of(dataset, DCM_PixelRepresentation).value_or(0) == 1,
                      .has_overlay = has_overlay_in_pixels(dataset)};
    return image;
}

Analysable<void> check_photometric_interpretation(DcmDataset& dataset, const ImageDescription& image) {
    const std::string photometric = text_of(dataset, DCM_PhotometricInterpretation);
    const bool grey = photometric == "MONOCHROME1" || photometric == "MONOCHROME2";
    const int samples = grey ? 1 : colour_samples(photometric);
    if (samples != 0 && image.samples_per_pixel == samples) return {};
    return refuse("photometric_interpretation",
                  fmt::format("The image is of a kind that is not read: {} samples a pixel, photometric "
                              "interpretation '{}'.",
                              image.samples_per_pixel, loggable(photometric)));
}

Analysable<void> check_image_size(const ImageDescription& image, bool colour, std::uint64_t max_pixels) {
    // Without overflow: rows and columns have 16 bits each.
    const std::uint64_t samples_per_pixel = colour ? 3 : 1;  // of PALETTE COLOR, when it is rendered
    const auto samples = static_cast<std::uint64_t>(image.pixels()) * samples_per_pixel;
    if (samples <= std::min(max_pixels, most_samples)) return {};
    return refuse("too_large", fmt::format("The image has {} x {} pixels, more than may be decoded here.",
                                           image.columns, image.rows));
}

}  // namespace hilum::model
