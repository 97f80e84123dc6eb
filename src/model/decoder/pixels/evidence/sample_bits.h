// Where the samples' bits lie in their words and how they are to be read, where the header has it wrong and
// the samples tell.
#pragma once

#include <cstdint>
#include <span>

#include "contract/image_note.h"
#include "model/decoder/pixels/evidence/smoothness.h"
#include "model/decoder/pixels/stored_pixels.h"

namespace hilum::model {

// High Bit lies above the bits stored, and all words fit into these without it: they are right-justified, and
// High Bit would shift used bits out. Notes it and returns High Bit as it is then; `encoding` as it is in any
// other case, with an overlay declared there too.
PixelEncoding right_justified(std::span<const std::uint16_t> words, PixelEncoding encoding,
                              ImageNotes& notes);
PixelEncoding right_justified(const StoredPixels& pixels, ImageNotes& notes);

// Signed says the header, and neighbours are alike but for those on both sides of half the range, which the
// sign bit tears apart: notes it and returns true. `shift` and `bits`: where the samples lie in their words.
// Signed samples around zero would be torn apart without the sign, and such as keep to one half in neither
// reading: their header stands.
bool are_unsigned(const SampledRows& sample, int shift, int bits, ImageNotes& notes);

}  // namespace hilum::model
