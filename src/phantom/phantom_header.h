// The header of a phantom's DICOM object. Include from .cpp files: DCMTK.
#pragma once

#include <dcmtk/config/osconfig.h>

#include <dcmtk/dcmdata/dctk.h>

#include <cstdint>

#include "phantom/phantom_dicom.h"

namespace hilum::phantom {

inline constexpr int largest_value = 4095;  // of a stored pixel

// Who the phantoms of one study belong to, and when it was made.
struct StudyIdentity {
    std::uint64_t seed = 0;             // of the study's first phantom
    Finding finding = Finding::normal;  // likewise
    Sex sex = Sex::female;
    int age_years = 0;
    Timestamp time;
};

struct ImageIdentity {
    std::uint64_t seed = 0;
    int instance_number = 1;
    Photometric photometric = Photometric::monochrome2;
};

// Everything but Pixel Data. Throws std::runtime_error where DCMTK refuses a value.
void fill_header(DcmDataset& dataset, const Phantom& phantom, const StudyIdentity& study,
                 const ImageIdentity& image, const PhantomOptions& options);

}  // namespace hilum::phantom
