// Whether the pixels themselves may tell whose they are. Nobody looks at them here: this is what the header
// says. Includes DCMTK; include it from .cpp files.
#pragma once

#include <dcmtk/config/osconfig.h>

#include <dcmtk/dcmdata/dctk.h>

#include <string>

namespace hilum::deidentification {

struct BurnedIn {
    bool certain = false;  // Burned In Annotation (0028,0301) is YES
    std::string why;       // a code where it may be; empty: the header says NO, and nothing speaks against it
};

// Codes: "burned_in_annotation" (certain), "secondary_capture" (its class is one), "digitised" (a film, paper
// or video by its Conversion Type or Modality), "overlay_in_pixels" (bits of the pixel data are an overlay),
// "not_told" (no Burned In Annotation).
BurnedIn burned_in(DcmDataset& dataset);

}  // namespace hilum::deidentification
