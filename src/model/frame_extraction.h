// One frame out of an image of several, before anything is decoded: all that comes behind reads images of a
// single frame.
#pragma once

#include <cstddef>
#include <optional>

#include "model/analysable.h"

class DcmDataset;

namespace hilum::model {

// Number of Frames (0028,0008); 1 where the data set has none, nothing where it is no number.
std::optional<long long> number_of_frames(DcmDataset& dataset);

// Makes `dataset` an image of one frame, the one of the number `frame`, from 1. Of encapsulated pixel data
// that frame's fragments remain, joined to one; of native pixel data its `bytes_of_frame`, which the frames
// fill without padding between them. No other frame is read from the file. An image of a single frame stays
// as it is. Codes: "undecodable" (no such frame, less pixel data than the header says, fragments that do not
// tell which frame they belong to), "too_large" (more fragments or frames than may be looked through). Throws
// std::bad_alloc.
Analysable<void> keep_frame(DcmDataset& dataset, int frame, std::size_t bytes_of_frame);

}  // namespace hilum::model
