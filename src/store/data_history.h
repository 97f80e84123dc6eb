// Whether the database and the folders beside it belong together. Both carry the names of the database's
// lives (generations), and the folder has in the file `history` how far the audit trail had come when it was
// last written. The trail is a chain of digests: a database that lacks that event, or has another in its
// place, is not the one that this node went on with last.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/world.h"
#include "store/data_directory.h"
#include "store/database/transaction.h"

namespace hilum {

struct HistoryMark {
    std::vector<std::string> generations;  // oldest first
    std::int64_t audit_id = 0;             // 0: the trail is empty
    std::string audit_hash;
    bool operator==(const HistoryMark&) const = default;
};

// As the database has it now.
HistoryMark mark_of(Transaction& transaction);

std::filesystem::path mark_file(const DataDirectory& directory);

// Durable. To be written after the commit of what it tells, so that a crash leaves it behind the database,
// never ahead.
Status write_mark(Files& files, const DataDirectory& directory, const HistoryMark& mark);
// Nothing: there is none, or it is damaged. Errors are the file system's, and may pass.
Result<std::optional<HistoryMark>> read_mark(const DataDirectory& directory);

// Called once, after the database was opened and before anything is written to it. Compares, and where the
// two do not belong together gives the database a new name (so that jobs and results made from now on are not
// taken for others), which it tells in the log, the audit trail ("database_" and the reason) and a counter.
// Reasons: "created" (new, beside folders that hold something), "older" (a backup was restored, or the last
// commits were lost), "foreign" (of another node, or another way that this one went), "unmarked" (the folder
// does not say). "first" is a new node's, or that of a version that wrote no mark.
struct Generation {
    std::string id;      // of the life that begins or goes on
    std::string reason;  // empty: it goes on
};
Result<Generation> join_history(World& world, Database& database, const DataDirectory& directory);

// Whether the database knows all that was acknowledged: it goes on, or what it had lost was adopted from the
// spool (pipeline/spool_adoption.h, which says so with keep_reconciled, once nothing is left). Called within
// a commit.
bool is_reconciled(Transaction& transaction);
void keep_reconciled(Transaction& transaction);

// When the last life began that had lost something: what it found had happened, nobody knows when. 0: none
// had. One that began by a clock that was ahead does not count.
std::int64_t known_since(Transaction& transaction);

}  // namespace hilum
