// JPEG 2000 for DCMTK, which has none of its own: a DcmCodec over decode_jpeg2000(). Decodes, never encodes.
#pragma once

#include <string>

class OFCondition;

namespace hilum::model {

// Makes the codec known to DCMTK for 1.2.840.10008.1.2.4.90 and .91, and takes OPJ_NUM_THREADS out of the
// environment, so that no image is decoded in more than one thread. Before there are other threads.
//
// Decoding takes sizes, components and precision from the codestreams and demands that they agree with the
// data set's (PS3.5 8.2.4). Grey comes out as it was; RGB, YBR_RCT and YBR_ICT as RGB, pixel by pixel. Where
// codestream and data set disagree on the sign, Pixel Representation (0028,0103) holds and the bits are taken
// by it, which is how the devices mean it that write such images. Samples beyond what Bits Stored (0028,0101)
// can hold become the nearest value that it can (stored_range.h). Grey frames are decoded without this codec
// (compressed_frame.h).
void register_jpeg2000_decoder();

// What was wrong with a codestream, to follow "its compressed data "; empty when `condition` is not of this
// codec.
std::string jpeg2000_problem(const OFCondition& condition);

}  // namespace hilum::model
