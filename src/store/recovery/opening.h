// Opening the database of a node that starts, whatever became of it: indices are made anew, what its tables
// hold is copied into a sound file, and one that is beyond that, or gone, is rebuilt from the journal of
// facts and what lies in the folders (data_history.h: "created"; pipeline/spool_adoption.h). Nothing is
// deleted.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "store/data_directory.h"
#include "store/database/database.h"

namespace hilum {

struct OpenedDatabase {
    Database database;
    std::vector<std::string> problems;  // that were found; empty: none
    std::string set_aside;              // the damaged file's name in the data directory; empty: none
    bool rebuilt = false;               // a new one: what it is to know comes from the folders
};

// The directory is ours (prepare_data_directory). `ended_in_order`: as take_clean_end() said; where not, the
// whole database is checked. Whatever was found and done is in the log and, but for a new
// database's, in the audit trail ("database_mended"). Codes: "database_newer", which only an operator can
// decide upon (set_aside_database), "database", "disk_full".
Result<OpenedDatabase> open_database(const DataDirectory& directory, bool ended_in_order, Timestamp now);

// Moves the database away, under a name with the date, so that the next start rebuilds it: nor does what a
// start was copying out of it take its place. Returns the name.
Result<std::string> set_aside_database(const DataDirectory& directory, const char* why, Timestamp now);

}  // namespace hilum
