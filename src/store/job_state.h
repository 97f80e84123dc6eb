// The rows of jobs that the coordinator moves from state to state. Each function runs on the commit thread;
// the states and the ways between them are drawn in docs/architecture.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "contract/analysis.h"
#include "contract/configuration.h"
#include "store/database/transaction.h"
#include "store/retry_policy.h"

namespace hilum {

// After a restart nobody works on anything: what was running goes back to its queue. Its attempt stays
// counted, and one that used up its attempts is quarantined, so that a poisonous image cannot stop the node
// for ever.
void recover_jobs(Transaction& transaction, const RetrySettings& retry);

// Jobs of models that are no longer configured are discarded; their images get jobs under those that are.
void adopt_models(Transaction& transaction, const std::vector<std::string>& models);

// Deliveries to destinations that are no longer configured expire: visible, and sent by `hilum jobs retry`
// once the destination is back.
void expire_stray_deliveries(Transaction& transaction, const std::vector<std::string>& destinations);

// What the decoder counted while it worked on the analysis `id`: every frame that is wanted gets an analysis
// of its own, queued, unless it has one. In the commit that ends that work, so that no crash loses a frame.
void keep_frames(Transaction& transaction, std::int64_t id, const FrameCount& frames);

// What failed goes back to the queue with a delay, or is quarantined when trying again cannot help or has
// been tried often enough; a full disk ("disk_full") is waited out, however long. `table`: analysis or
// report. Returns the state it is in now.
enum class JobTable { analysis, report };
std::string fail_job(Transaction& transaction, JobTable table, std::int64_t id, const Error& error,
                     const RetrySettings& retry);

// What an operator asks for by hand; each returns how many jobs it touched. A retried job starts with no
// attempts counted; a retried analysis makes its study due for a new version of its report.
struct JobSelection {
    std::string kind;     // analysis | report | delivery; empty: all of the study
    std::int64_t id = 0;  // with kind
    std::string study_instance_uid, accession_number;  // without kind: all failed jobs of these studies
};
int retry_jobs(Transaction& transaction, const JobSelection& selection, const std::string& actor);
int discard_jobs(Transaction& transaction, const JobSelection& selection, const std::string& actor);

// Every result of a study's newest reports again, whether it was delivered or not: for a PACS that lost them.
// Returns how many deliveries are queued; the destination sees the same bytes as before.
struct ResultSelection {
    std::string study_instance_uid, accession_number;  // one of them
    std::string destination;                           // empty: all
};
int resend_results(Transaction& transaction, const ResultSelection& selection, const std::string& actor);

}  // namespace hilum
