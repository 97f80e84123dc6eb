// The grayscale attributes of an image, read from its header.
#pragma once

#include <vector>

#include "contract/configuration.h"
#include "model/decoder/analysable.h"
#include "model/decoder/input/grayscale.h"

class DcmDataset;

namespace hilum::model {

// Photometric Interpretation tells the polarity; Presentation LUT Shape where the first of `polarity` that
// fits the device says so. Of several VOI LUTs or windows the first one that can be used counts; a VOI LUT
// that cannot gives way to the window, that to the range of the pixels. A Modality LUT that is damaged makes
// the image "undecodable", and so does a rescale that is no number, since showing it without would show
// something else; an empty one, and a Rescale Slope of 0, count as none. `notes` is told of all that is there
// and was not used, was mended, or contradicts something else.
Analysable<Grayscale> read_grayscale(DcmDataset& dataset, const std::vector<PolarityRule>& polarity,
                                     ImageNotes& notes);

}  // namespace hilum::model
