// The folders of node.data_dir, and the lock that keeps a second hilumd off them.
#pragma once

#include <filesystem>
#include <string>

#include "base/error.h"
#include "base/unique_fd.h"

namespace hilum {

struct DataDirectory {
    std::filesystem::path root;

    std::filesystem::path database() const { return root / "hilum.db"; }
    std::filesystem::path spool() const { return root / "spool"; }  // received objects, as received
    std::filesystem::path set_aside() const { return spool() / "set-aside"; }  // what only a person can judge
    std::filesystem::path analyses() const { return root / "analyses"; }       // AnalysisArtifacts
    std::filesystem::path results() const { return root / "results"; }         // SR and SC files
    std::filesystem::path facts() const { return root / "facts"; }      // store/database/fact_journal.h
    std::filesystem::path clean_end() const { return root / "ended"; }  // while no node has it open
    std::filesystem::path lock() const { return root / "lock"; }
};

// Makes the folders and takes the lock; the returned descriptor holds it. Errors: "in_use" (another hilumd),
// "unwritable", with the path and what to do.
Result<UniqueFd> prepare_data_directory(const DataDirectory& directory);

// Whether a hilumd holds it, or what `hilum` has of it for a moment, as far as this user and the system tell.
// Nothing is taken: who starts meanwhile is not disturbed.
bool is_held(const DataDirectory& directory);

// An error ("database") where it has no database: hilumd has never run on it.
Status demand_database(const DataDirectory& directory);

// Whether the node that had it last ended in order. The mark is taken away, durably: what is at work from now
// on has not ended.
Result<bool> take_clean_end(const DataDirectory& directory);
// The database is closed and the node ends.
Status keep_clean_end(const DataDirectory& directory);

// Bytes that are free for the daemon's user where `directory` lies.
Result<std::uint64_t> free_space(const DataDirectory& directory);

}  // namespace hilum
