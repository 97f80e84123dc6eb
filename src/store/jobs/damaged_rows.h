// Rows of the database that cannot be read as what they are: a word that is none of its column's, broken
// JSON, a row that names no other. Each is set aside by itself and told; everything else goes on. Called
// within a commit.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "store/database/transaction.h"
#include "store/jobs/claim.h"

namespace hilum {

// Error code of jobs that are set aside for it.
inline constexpr const char* row_damaged = "row_damaged";

// Into the log, the audit trail ("row_damaged") and a counter.
void tell_damaged_row(Transaction& transaction, const std::string& table, std::int64_t id,
                      const std::string& why);

// What a job is about cannot be read: it waits for an operator.
void set_aside_unreadable(Transaction& transaction, const Claim& claim, const std::string& why);

// What was found of an image cannot be read: `job`, its analysis, is queued again.
void analyse_unreadable(Transaction& transaction, std::int64_t job);

// Makes the indices of a table anew, which `problems` says are damaged, while the node works; what nobody
// would take up is set aside. Audited ("database_mended"). Where that is not enough the process ends, and the
// next start does more (recovery/opening.h).
void mend_indices_of(Transaction& transaction, const std::string& table,
                     const std::vector<std::string>& problems);

// In a database that was mended and may have lost rows: what has no job gets one, and jobs are counted anew.
void queue_lost_jobs(Transaction& transaction);

// Finds jobs and instances whose state is a word that is none, which nobody would ever take up, by indices
// that hold them alone: what was damaged under SQLite is in these once they are made anew. Such a job is set
// aside, such an instance gets the state that its jobs speak for. Returns how many.
int set_aside_unknown_states(Transaction& transaction);

}  // namespace hilum
