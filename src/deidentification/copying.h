// An image's copy without what tells whose it is. DICOM: by the Basic Application Level Confidentiality
// Profile (PS3.15 Annex E), at every depth, with the pixel data bit for bit and in their transfer syntax;
// file meta information of Hilum's own, a preamble of zeros, nothing behind the data set. PNG: the chunks
// without which there is no picture. Free of DCMTK.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/error.h"
#include "deidentification/profile.h"
#include "deidentification/pseudonyms.h"

namespace hilum::deidentification {

struct CopySettings {
    ProfileOptions options;
    bool include_doubtful = false;  // images in which text may be burned in
};

struct Subject {
    std::string person;               // whom Pseudonyms take for one
    std::optional<double> age_years;  // for a header without Patient's Age; the characteristics stay
};

// Whether the file begins as a PNG does.
Result<bool> is_png_file(const std::filesystem::path& file);

// Writes `to`, which is not there, synced to the disk. Returns why text may be burned in (burned_in.h), empty
// where nothing says so; of a PNG always "not_told". Codes: those of load_dicom_file(); "burned_in" (the
// header says YES), "burned_in_possible" (`include_doubtful` is not set), "dicomdir", "no_pixels"; "png"
// (damaged); "disk_full", "system", "unwritable" for what is not the image's fault.
Result<std::string> copy_dicom(const std::filesystem::path& from, const std::filesystem::path& to,
                               const Subject& subject, const Pseudonyms& pseudonyms,
                               const CopySettings& settings);
Result<std::string> copy_png(const std::filesystem::path& from, const std::filesystem::path& to,
                             const CopySettings& settings);

// Call once before copy_dicom(). The code of prepare_dcmtk().
Status prepare_copying();

}  // namespace hilum::deidentification
