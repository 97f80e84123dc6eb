// The picture that people see of a radiograph.
#pragma once

#include <cstdint>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "contract/analysis.h"
#include "contract/image_note.h"
#include "model/decoder/input/display_shutter.h"
#include "model/decoder/input/grayscale.h"
#include "model/decoder/pixels/pixel_layout.h"

class DcmDataset;

namespace hilum::model {

// An image's grayscale transformations, as the pixels that count decide them: those that can be used, and the
// range that stands in for them.
struct Rendering {
    std::vector<std::uint32_t> word_counts;  // of the pixels that count
    ValueRange range;
    Grayscale grayscale;
};

// `told`: what the header says. What of it shows practically nothing is noted.
Rendering rendering_of(std::vector<std::uint32_t> word_counts, const PixelEncoding& encoding,
                       const Grayscale& told, ImageNotes& notes);

struct Picture {
    StoredPixels pixels;  // not owned
    PixelShape shape;
    DisplayShutter shutter;
    Rendering rendering;  // of what the shutter shows
};

// `word_counts`: of all `pixels`.
Picture picture_of(DcmDataset& dataset, const StoredPixels& pixels, const Grayscale& told,
                   const std::vector<std::uint32_t>& word_counts, ImageNotes& notes);

struct RenderedPicture {
    UniqueFd image;  // sealed memfd of geometry.rows * columns bytes
    DisplayGeometry geometry;
};

// Codes: those of make_memfd().
Result<RenderedPicture> render(const Picture& picture, int long_side);

}  // namespace hilum::model
