// One frame out of an image of several, before anything is decoded: all that comes behind reads images of a
// single frame.
#pragma once

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcxfer.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "contract/image_note.h"
#include "model/decoder/analysable.h"
#include "model/decoder/image_description.h"

class DcmDataset;
class DcmPixelSequence;

namespace hilum::model {

// Number of Frames (0028,0008); 1 where the data set has none or says 0, nothing where it is no number.
std::optional<long long> number_of_frames(DcmDataset& dataset);

// Native pixel data that is longer than its frames of `bytes_of_frame`, but for a byte that makes it even, is
// noted. Code "undecodable" where it is twice as long for bytes, or three times for one sample a pixel, and
// no padding: as much as words or colours have, which would be read as another picture.
Analysable<void> check_surplus(DcmDataset& dataset, const ImageDescription& image, std::size_t bytes_of_frame,
                               ImageNotes& notes);

// Notes where compressed pixel data of an image of one frame has the beginnings of several.
void note_further_frames(DcmDataset& dataset, ImageNotes& notes);

// Makes `dataset` an image of one frame, the one of the number `frame`, from 1. Of encapsulated pixel data
// that frame's fragments remain, joined to one; of native pixel data its `bytes_of_frame`, which the frames
// fill without padding between them. No other frame is read from the file. An image of a single frame stays
// as it is. Codes: "undecodable" (no such frame, less pixel data than the header says, fragments that do not
// tell which frame they belong to), "too_large" (more fragments or frames than may be looked through). Throws
// std::bad_alloc.
Analysable<void> keep_frame(DcmDataset& dataset, int frame, std::size_t bytes_of_frame);

// The bytes of all fragments behind the offset table: the stream of an image of one frame. Code
// "undecodable". Throws std::bad_alloc.
Analysable<std::vector<std::uint8_t>> joined_fragments(DcmPixelSequence& sequence);

// Makes `stream`, in one fragment behind an empty offset table, the data set's pixel data. Throws
// std::bad_alloc.
void replace_fragments(DcmDataset& dataset, const std::vector<std::uint8_t>& stream, E_TransferSyntax syntax);

}  // namespace hilum::model
