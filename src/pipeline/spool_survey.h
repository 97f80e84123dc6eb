// What lies in the spool and no instance names: after a crash, a lost or restored database, lost commits.
// A whole file may be the only copy of an image that was acknowledged, so it is never deleted here; it is for
// adoption (spool_adoption.h).
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "base/world.h"
#include "store/data_directory.h"

namespace hilum {

struct UnknownObject {
    std::string file;      // name within the spool folder
    Timestamp written_at;  // the file's own time
};

struct SpoolSurvey {
    std::vector<UnknownObject> unknown;  // whole files, in the order in which they were written
    int unfinished = 0;                  // *.tmp files that no receiver held, removed
    int foreign = 0;                     // files of other names, left alone
    int unopened = 0;                    // files and folders that could not be opened, and may be unknown
    std::string why_unopened{};          // of one of them
    bool reconciled = true;              // store/data_history.h
};

// Looks through the spool, without what was set aside. An error: the database or the spool itself cannot be
// read, or `stop` says so ("stopped"). A receiver holds an flock on its file until the object is answered
// for, whichever daemon's it is; what is held is none of ours, and no clock is asked. Runs beside receiving,
// on a thread of its own.
Result<SpoolSurvey> survey_spool(const DataDirectory& directory, const std::stop_token& stop = {});

// YYYYMMDD, as receivers call the folder of a day.
bool is_day(const std::string& folder);

// The folder of a path within the spool, for those to whom names from outside are not shown:
// "spool/19700102", or "spool" where it is no day's.
std::string folder_told(const std::filesystem::path& within_spool);

// Whether the last `bytes` bytes of two files are the same. Once `stop` says so, the answer says nothing.
bool same_end(Files& files, const std::filesystem::path& one, const std::filesystem::path& other,
              std::uint64_t bytes, const std::stop_token& stop = {});

// Moves a file of the spool there, durably.
Status set_aside(Files& files, const DataDirectory& directory, const std::string& file);

// Removes one that is known to lie there twice, durably.
Status remove_duplicate(Files& files, const DataDirectory& directory, const std::string& file);

}  // namespace hilum
