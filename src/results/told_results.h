// What was made for a study before, read back from its own files, or from what is kept of the header by which
// it was filed (filed_header.h): whose it is they say, not what the study's images say by now.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "contract/messages/composing.h"
#include "results/source_header.h"

namespace hilum::results {

// A version is of one patient (demand_one_patient), whose are the versions that stand. Code patient_changed
// where those are not: they are to be taken back first, under the patient whom they were filed under.
Status demand_patient(const ComposeRequest& request, const std::vector<SourceImage>& images,
                      HandedFiles& files);

// Results that were filed under one patient, in the order in which they were made.
struct ToldOfPatient {
    FiledPatient patient;
    std::vector<WithdrawnResult> results;
    std::shared_ptr<DcmDataset> header;  // that names the patient best; null: none is there, nor kept
    std::vector<std::string> messages;   // HL7, as they were sent
};
// One whose file is gone or damaged is whose its report was filed under. Where that is not known either, it
// goes with the newest patient; where nothing is known of any, all go together. Code "unreadable" where the
// file system failed.
Result<std::vector<ToldOfPatient>> by_patient(const ComposeRequest& request,
                                              const std::vector<WithdrawnResult>& results,
                                              HandedFiles& files);

}  // namespace hilum::results
