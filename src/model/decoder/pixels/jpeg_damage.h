// Damage in a JPEG bit stream that DCMTK's decoder mends with grey and only warns of.
#pragma once

namespace hilum::model {

struct JpegDamage {
    bool missing = false;   // samples: the bit stream ended before the image, or a restart marker is missing
    bool bad_code = false;  // bits that are no Huffman code
    bool surplus = false;   // bytes between the last sample and the next marker
};

// Listens to the decoder's warnings from now on; they stay unprinted. Once in a process, after
// prepare_dcmtk().
void watch_jpeg_decoder();

// What the decoder warned of since the last call.
JpegDamage take_jpeg_damage();

}  // namespace hilum::model
