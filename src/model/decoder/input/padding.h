// Padding that the header tells beyond what Bits Stored can hold.
#pragma once

#include "contract/image_note.h"
#include "model/decoder/input/grayscale.h"
#include "model/decoder/pixels/stored_pixels.h"

namespace hilum::model {

// Where no word is the padding that is told, it may have become the nearest value that Bits Stored can hold
// before it came here: it is that, and noted, where that value fills an edge of the image. Else the padding
// stays as it is told.
void settle_padding(Grayscale& grayscale, const StoredPixels& pixels, ImageNotes& notes);

}  // namespace hilum::model
