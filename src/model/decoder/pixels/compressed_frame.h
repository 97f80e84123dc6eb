// A frame's compressed bytes, checked against the image's header before a codec sees them, and decoded.
#pragma once

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcxfer.h>

#include <cstdint>
#include <vector>

#include "contract/image_note.h"
#include "model/decoder/analysable.h"
#include "model/decoder/image_description.h"

namespace hilum::model {

struct DecodedFrame {
    std::vector<std::uint16_t> words;  // samples, pixel by pixel
    PixelEncoding encoding;            // with 16 bits allocated
};

// Whether a frame with this transfer syntax and so many samples a pixel is one for decode_frame(): all grey
// ones and palettes, and colours in RLE and JPEG-LS. DCMTK decodes those of JPEG and JPEG 2000.
bool is_decoded_here(E_TransferSyntax syntax, const ImageDescription& image);

// Checks a frame of JPEG that DCMTK is to decode, and gives it an end where only that is missing; with JPEG
// 2000, whose codec checks what it is given, does nothing. Codes as decode_frame().
Analysable<void> prepare_for_dcmtk(std::vector<std::uint8_t>& stream, E_TransferSyntax syntax,
                                   const ImageDescription& image, ImageNotes& notes);

// Decodes what is_decoded_here(). Samples beyond Bits Stored become the nearest value that it holds, which is
// noted; where more than half of them are, the header is wrong. Of lossless codecs and of RLE, whose words
// are encoded as they are, bits beyond those stored that are not the samples' own (upper_bits.h) mean
// nothing. Of grey frames, what the pixels clearly tell of Bits Stored, High Bit, sign and byte order
// overrules the header (evidence/), which is noted: `encoding` has it as it is. Codes: "undecodable",
// "unsupported_compression" (whole, but of a kind that is not read, such as progressive JPEG). Throws
// std::bad_alloc.
Analysable<DecodedFrame> decode_frame(std::vector<std::uint8_t>& stream, E_TransferSyntax syntax,
                                      const ImageDescription& image, ImageNotes& notes);

}  // namespace hilum::model
