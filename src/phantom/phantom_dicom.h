// Synthetic radiographs as DICOM files: Digital X-Ray Image Storage - For Presentation, uncompressed, with a
// whole and plausible header of a person who does not exist. Used by `hilum phantom`, the demonstration and
// tests.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "phantom/phantom_image.h"

namespace hilum::phantom {

enum class Encoding { explicit_little_endian, implicit_little_endian, explicit_big_endian, deflated };
enum class Photometric { monochrome1, monochrome2 };

// What a test wants the header to say in place of the phantom's own values. An empty string writes the
// attribute empty. The pixels stay a frontal view of an adult whatever is said here.
struct HeaderOverrides {
    std::optional<std::string> specific_character_set;  // "ISO_IR 100", "\\ISO 2022 IR 87", ...
    std::optional<std::string> patient_name;            // bytes in that character set
    std::optional<std::string> patient_id;
    std::optional<std::string> accession_number;
    std::optional<std::string> view_position;  // "LATERAL": the view code says so too
    std::optional<std::string> body_part_examined;
    std::optional<int> age_years;         // moves the birth date too
    std::optional<Timestamp> study_time;  // else now
};

struct PhantomOptions {
    std::filesystem::path folder;  // made if it does not exist
    int count = 1;                 // files: seeds seed, seed + 1, ...
    std::uint64_t seed = 1;
    std::string run;                 // goes into every UID and identifier: another run, other studies
    std::optional<Finding> finding;  // of all of them; none: the three classes in turn
    int images_per_study = 1;        // that many successive files share a patient and a study
    int long_side = 1424;            // pixels, 64 to 4096
    Encoding encoding = Encoding::explicit_little_endian;
    std::optional<Photometric> photometric;  // none: the seed's choice
    HeaderOverrides header;
};

struct WrittenPhantom {
    std::filesystem::path file;  // FOLDER/phantom-<seed>.dcm
    std::string sop_instance_uid, series_instance_uid, study_instance_uid;
    std::string accession_number;
    Finding finding = Finding::normal;  // the truth
    std::vector<Lesion> lesions;
    int rows = 0, columns = 0;
};

// Writes `options.count` files. Same options (with study_time set), same bytes, and in any case the same
// UIDs; whatever shapes pixels or header makes others. Only `folder`, `count` and `encoding` do not. Codes:
// "configuration" for options out of range, else what the file system said.
Result<std::vector<WrittenPhantom>> write_phantoms(const PhantomOptions& options);

}  // namespace hilum::phantom
