// Received objects whose files in the spool are not what was received: another digest, cut off, empty, gone.
// Nothing is told of them, and an operator is told that the PACS is to send them again. Called within a
// commit.
#pragma once

#include <cstdint>
#include <string>

#include "contract/stored_object.h"
#include "store/database/transaction.h"

namespace hilum {

// `file`: of the instance, as whoever looked at it knew it, within the spool or with the path to it; `how`:
// in words, without a patient's data. The instance is marked and audited ("object_damaged"); reports tell of
// it no more. False: the instance has another file by now, and whoever looked looks again.
bool keep_object_damaged(Transaction& transaction, std::int64_t instance, const std::string& file,
                         const std::string& how);

// The instance has a file that is whole, where it was damaged or not: what waited for that is queued again,
// the study gets a new version of its report, and it is audited ("object_mended").
void keep_object_mended(Transaction& transaction, std::int64_t instance);

// An object of the study came: notes of withdrawals that found none to take its header from are queued again.
void queue_notes_that_waited(Transaction& transaction, std::int64_t study);

// Whether a report of results tells less than it was to tell, since the file of one of its images is damaged.
bool misses_damaged_objects(Transaction& transaction, std::int64_t report);

}  // namespace hilum
