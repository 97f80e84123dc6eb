// Bits of a word above its High Bit (PS3.5 8.1.1): an overlay's or garbage, which mean nothing here, or the
// sample's own, where Bits Stored is too small.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "contract/image_note.h"
#include "model/decoder/analysable.h"
#include "model/decoder/pixels/stored_pixels.h"
#include "model/decoder/pixels/stored_range.h"

namespace hilum::model {

// What words with bits that are not stored are read as: `pixels` as they are where those bits are foreign,
// and else, in `storage`, their nearest values that Bits Stored can hold, as tell_of_clamped() tells. They
// are foreign where the header tells of an overlay there, and else the samples' own where neighbours are more
// alike with them than without: an overlay and garbage make them less alike. Signed words are left alone, as
// the sign is extended into those bits.
Analysable<StoredPixels> within_stored_bits(const StoredPixels& pixels, std::vector<std::uint16_t>& storage,
                                            ImageNotes& notes);

// Takes the foreign ones, likewise told, out of the right-justified samples of a lossless codec: each becomes
// what its stored bits say. Of signed words too, whose bits above are not always the sign.
void remove_foreign_bits(CodedFrame& frame, const PixelEncoding& encoding);

// Notes how many of `all` samples became the nearest value of those that Bits Stored can hold. Code
// "undecodable" where they are most: the header is wrong.
Analysable<void> tell_of_clamped(std::size_t clamped, std::size_t all, const PixelEncoding& encoding,
                                 ImageNotes& notes);

}  // namespace hilum::model
