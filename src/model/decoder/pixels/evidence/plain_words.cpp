#include "model/decoder/pixels/evidence/plain_words.h"

#include "model/decoder/pixels/evidence/row_length.h"
#include "model/decoder/pixels/evidence/sample_bits.h"
#include "model/decoder/pixels/upper_bits.h"

namespace hilum::model {

Analysable<StoredPixels> mended_words(StoredPixels pixels, ByteOrder order,
                                      std::vector<std::uint16_t>& storage, ImageNotes& notes) {
    auto& encoding = pixels.encoding;
    // First: in the wrong order the others see noise, and the last takes the upper bits for garbage.
    if (encoding.bits_allocated == 16) pixels.words = in_smoother_byte_order(pixels, order, storage, notes);
    encoding = right_justified(pixels, notes);
    const int shift = encoding.high_bit + 1 - encoding.bits_stored;
    if (encoding.is_signed && are_unsigned(sample_rows(pixels), shift, encoding.bits_stored, notes))
        encoding.is_signed = false;
    if (auto checked = check_row_length(pixels); !checked) return tl::unexpected(checked.error());
    return within_stored_bits(pixels, storage, notes);
}

}  // namespace hilum::model
