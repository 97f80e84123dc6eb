// An image that the PACS corrects into another study, under its SOP Instance UID, as many archives do: what
// became of the study that it was taken for tells of a finding that is somebody else's. So does what a study
// was reported with while its images named another patient. Called within the commit that tells of it.
#pragma once

#include <cstdint>
#include <string>

#include "store/database/transaction.h"

namespace hilum {

struct MovedImage {
    std::int64_t instance = 0, from_study = 0;  // rows; the instance as which it was known there
    std::string sop_instance_uid, to_study_instance_uid;
    std::string actor;  // who sent it
};

enum class LeftStudy {
    has_images,  // it is to be reported of those
    is_empty,    // nothing is made of it until an image comes
};
// After the image was superseded there. Results of the study are taken back where some tell of the image
// (reason moved_away), which keeps no later ones from being made. Where retention removed files that they
// need for that they stand, which the audit event says.
LeftStudy leave_study(Transaction& transaction, const MovedImage& image);

// What the study was reported with was filed under another patient than its images name now. It is taken back
// (reason patient_changed), which what is being made of it gives way to, and the study is reported anew.
// False: it stands, since retention removed files of the study, and nothing is changed.
bool leave_patient(Transaction& transaction, std::int64_t study);

}  // namespace hilum
