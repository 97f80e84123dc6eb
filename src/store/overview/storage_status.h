// What `hilum status` tells of the database and the spool where they were not in order.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "base/error.h"
#include "store/data_directory.h"

namespace hilum {

// {"database": {id, since, reason} of its last life that did not go on in order, or null; "spool": the last
// survey that found something ({at, unknown, unfinished, adopted, duplicates, set_aside, postponed,
// finished_at}) or null; "damaged": [{study_instance_uid, sop_instance_uid, file, error,
// at}], the objects that are to be sent again, at most 100; "unreadable": [{study_instance_uid, study,
// error}], studies of which no report can be opened; "set_aside": [{file, code, error, at}] of what still
// lies in spool/set-aside}. Opens the database for itself, read-only.
Result<nlohmann::json> storage_status(const DataDirectory& directory);

}  // namespace hilum
