// Files that are to go since a commit took their rows from them, and the sizes of those that stay. Called
// within a commit; the files themselves are looked at and unlinked outside it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "store/data_directory.h"
#include "store/database/transaction.h"

namespace hilum {

struct StoredFile {
    std::int64_t row = 0;
    std::string folder, file;  // spool | analyses | results, and the name within it
};
std::filesystem::path path_of(const DataDirectory& directory, const StoredFile& file);

// The next of those that are to go, by their rows, after the row `after`; none that a composer may be
// reading.
std::vector<StoredFile> files_to_remove(Transaction& transaction, std::int64_t after = 0);
void forget_removed_files(Transaction& transaction, const std::vector<std::int64_t>& rows);

// The file of a result is to go. One that can be made again is composed anew where it is sent again
// (jobs/damaged_results.h).
enum class ResultFile { is_gone, can_be_made_again };
void take_result_file(Transaction& transaction, std::int64_t result, ResultFile then);

// Some artifacts and results that nobody has measured. Folder "analyses": `row` of analysis, else of result.
std::vector<StoredFile> files_to_measure(Transaction& transaction);
struct MeasuredFile {
    StoredFile file;
    std::int64_t bytes = 0;  // 0 where there is none
};
// Where the row names another file by now, nothing is kept.
void keep_measured(Transaction& transaction, const std::vector<MeasuredFile>& measured);

// How many claims were ever made.
std::int64_t claims_so_far(Transaction& transaction);
// Of `names`, files in analyses/, those that no row names and that nobody will name any more, for whoever
// made them lost his claim or died: they are noted for removal. `claims`: how many there were when this life
// of the node began, in which the database has the name `generation`. How many.
int note_stray_artifacts(Transaction& transaction, const std::vector<std::string>& names,
                         const std::string& generation, std::int64_t claims);

// Of `names`, files in results/, those that no row names: what composing that was cut off left, and results
// of a database that was lost, unless the journal of facts knows them and their study has images here, of
// which they may be composed once more (recovery/earlier_life.h). What is just being composed is among them.
std::vector<std::string> stray_results(Transaction& transaction, const std::vector<std::string>& names);
// They are noted for removal.
void note_stray_results(Transaction& transaction, const std::vector<std::string>& names);

// The name of an artifact tells under which claim it was made; none is made under a name twice.
std::string artifact_name(const std::string& generation, std::int64_t analysis, std::int64_t claim);

}  // namespace hilum
