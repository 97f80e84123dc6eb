// The Display Shutter of an image, read from its header.
#pragma once

#include "contract/image_note.h"
#include "model/decoder/input/display_shutter.h"
#include "model/decoder/input/grayscale.h"
#include "model/decoder/pixels/pixel_layout.h"

class DcmDataset;

namespace hilum::model {

// Of several shapes, what all of them show. One that shows all where the header has none, where it hides
// nothing, and, which is noted, where one of its shapes is malformed or it would show practically nothing of
// the image. `pixels` as stored, not turned.
DisplayShutter read_display_shutter(DcmDataset& dataset, const StoredPixels& pixels, const PixelShape& shape,
                                    const Grayscale& grayscale, ImageNotes& notes);

}  // namespace hilum::model
