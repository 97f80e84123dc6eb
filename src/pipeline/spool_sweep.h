// Removes what a crash left in the spool: objects that were never committed, so never acknowledged.
#pragma once

#include "base/clock.h"
#include "pipeline/data_directory.h"

namespace hilum {

// Deletes files in the spool that are older than `before` (this daemon's start) and that no instance names.
// Runs beside receiving, on a thread of its own: whatever was older at the start can no longer be committed.
// Returns how many it deleted; logs what it could not.
int sweep_spool(const DataDirectory& directory, Timestamp before);

}  // namespace hilum
