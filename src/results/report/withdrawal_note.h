// Taking results back: a Key Object Selection Document with a rejection title, as IHE's Imaging Object Change
// Management (IOCM) has it. A PACS that knows the profile hides what the note names; for any other it is a
// key object with a text that says so.
#pragma once

#include <memory>
#include <vector>

#include "base/error.h"
#include "contract/messages/composing.h"
#include "results/result_modules.h"
#include "results/source_header.h"

class DcmDataset;

namespace hilum::results {

// The document (PS3.3 A.35.4, TID 2010) for destinations that were sent `results`: request.withdrawal's
// reason as its title, 113001 (quality), 113037 (patient safety) or 113038 (images that were corrected into
// another study or patient) of DCM, a description, and each of the results; patient and study are the
// source's, an image or a result of ours. Code "report" when DCMTK refuses.
Result<std::shared_ptr<DcmDataset>> build_withdrawal_note(const ComposeRequest& request,
                                                          const ReportProfile& profile,
                                                          const std::vector<WithdrawnResult>& results,
                                                          const SourceImage& source,
                                                          const Equipment& equipment);

}  // namespace hilum::results
