// What the decoder reads, written by DCMTK; JPEG-LS, which DCMTK must not encode beside CharLS, is in
// jpeg_ls_bytes.h.
#pragma once

#include <dcmtk/config/osconfig.h>

#include <dcmtk/dcmdata/dcrleerg.h>
#include <dcmtk/dcmjpeg/djencode.h>

#include "dicom/dataset_reading.h"
#include "model/decoder/radiograph_decoder.h"

namespace hilum::test {

inline void register_codecs() {
    prepare_dcmtk();
    model::register_decoders();
    DcmRLEEncoderRegistration::registerCodecs();
    DJEncoderRegistration::registerCodecs();
}

}  // namespace hilum::test
