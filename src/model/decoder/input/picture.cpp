#include "model/decoder/input/picture.h"

#include <span>
#include <utility>

#include "base/file_system.h"
#include "model/decoder/input/display_shutter_attributes.h"
#include "model/decoder/input/image_content.h"
#include "model/decoder/input/preprocessing.h"

namespace hilum::model {

Rendering rendering_of(std::vector<std::uint32_t> word_counts, const PixelEncoding& encoding,
                       const Grayscale& told, ImageNotes& notes) {
    const auto range = range_of(word_counts, encoding, told).value_or(ValueRange{});
    auto grayscale = with_visible_voi(told, word_counts, encoding, range, notes);
    return {std::move(word_counts), range, std::move(grayscale)};
}

Picture picture_of(DcmDataset& dataset, const StoredPixels& pixels, const Grayscale& told,
                   const std::vector<std::uint32_t>& word_counts, ImageNotes& notes) {
    const auto shape = pixel_shape_of(dataset);
    auto shutter = read_display_shutter(dataset, pixels, shape, told, notes);
    auto counted = shutter.shows_all() ? word_counts : shown_word_counts(pixels, shutter);
    auto rendering = rendering_of(std::move(counted), pixels.encoding, told, notes);
    return {pixels, shape, std::move(shutter), std::move(rendering)};
}

Result<RenderedPicture> render(const Picture& picture, int long_side) {
    const StoredPixels& pixels = picture.pixels;
    const auto geometry = display_geometry(pixels.rows, pixels.columns, long_side, picture.shape);
    const auto table = intensity_table(pixels.encoding, picture.rendering.grayscale, Intensity::window,
                                       picture.rendering.range);
    const auto image = display_image(pixels, table, geometry, picture.shutter);
    auto memory = make_memfd("hilum-display", std::as_bytes(std::span(image)));
    if (!memory) return tl::unexpected(memory.error());
    return RenderedPicture{std::move(*memory), geometry};
}

}  // namespace hilum::model
