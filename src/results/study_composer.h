// From a ComposeRequest to finished files: every result that its profiles want, proved and durable. The
// composer's work without its channel.
#pragma once

#include "contract/messages/composing.h"
#include "results/handed_files.h"
#include "results/result_modules.h"

namespace hilum::results {

// Builds all results, checks each report, and has NAME.dcm (NAME: the SOP Instance UID) kept in
// request.results_dir. A file that is already there under that name was made for the same work and may have
// been sent: it stays as it is and is what the reply names (promise 2). Never throws; failures are in the
// reply, beside whatever could be made.
ComposeReply compose(const ComposeRequest& request, const Equipment& equipment, HandedFiles& files);

}  // namespace hilum::results
