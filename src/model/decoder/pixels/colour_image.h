// Colour images, such as a film that was photographed into a secondary capture, as grey ones.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/decoder/analysable.h"
#include "model/decoder/pixels/stored_pixels.h"

class DcmDataset;

namespace hilum::model {

// Whether Photometric Interpretation is a colour one that is read, and how many samples a pixel it has:
// 1 for PALETTE COLOR; 3 for RGB, YBR_FULL, YBR_FULL_422, YBR_PARTIAL_422, YBR_PARTIAL_420, YBR_ICT, YBR_RCT.
// 0 for all others.
int colour_samples(const std::string& photometric_interpretation);

struct GreyImage {
    StoredPixels pixels;  // in `storage`; no modality or VOI transformation applies to them (PS3.3 C.11)
    std::vector<std::uint16_t> storage;
};

// The luminance (ITU-R BT.601, rounded as Pillow does) of an uncompressed data set of one frame, with 8 or 16
// bits as the colours have. Code "undecodable".
Analysable<GreyImage> luminance_of(DcmDataset& dataset);

}  // namespace hilum::model
