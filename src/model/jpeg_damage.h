// Damage in a JPEG bit stream that DCMTK's decoder mends with grey and only warns of.
#pragma once

namespace hilum::model {

// Listens to the decoder's warnings from now on; they stay unprinted. Once in a process, after
// prepare_dcmtk().
void watch_jpeg_decoder();

// Whether the decoder warned of damage since the last call. Bytes too many are none.
bool take_jpeg_damage();

}  // namespace hilum::model
