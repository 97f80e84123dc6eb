// Pixels out of a parsed DICOM file: what the header claims is checked first, then a codec decompresses.
#pragma once

#include <cstdint>
#include <vector>

#include "contract/image_note.h"
#include "model/decoder/analysable.h"
#include "model/decoder/pixels/stored_pixels.h"

class DcmDataset;

namespace hilum::model {

// Makes codecs known to DCMTK for what it decodes here, colours: its own for JPEG, and ours for JPEG 2000.
// Once in a process, after prepare_dcmtk().
void register_decoders();

struct DecodedImage {
    StoredPixels pixels;  // of the data set or, where they were decoded, in `storage`
    bool colour = false;  // luminances of a colour image: its grayscale transformations do not apply
    std::vector<std::uint16_t> storage;
    ImageNotes notes;  // defects of the pixel data that were read over
};

// The frame of that number, from 1. Pixels that were not compressed belong to the data set, of which that
// frame alone is left; what else becomes of its pixel data is not told. Where grey pixels clearly
// contradict the header they overrule it (pixels/evidence/), which is noted; Pixel Representation in the data
// set is then that of the pixels. Only the image's own Pixel Data is decompressed, never an icon's.
// `max_pixels` is the most that a frame's Rows x Columns may be, where a colour pixel counts as three, and
// never more than 50 million. Codes: "transfer_syntax", "photometric_interpretation", "bit_depth",
// "too_large", "unsupported_compression", "undecodable". Throws std::bad_alloc when memory does not suffice.
Analysable<DecodedImage> decode_pixels(DcmDataset& dataset, std::uint64_t max_pixels, int frame = 1);

}  // namespace hilum::model
