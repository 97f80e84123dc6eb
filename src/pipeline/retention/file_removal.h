// Unlinks the files that commits took from their rows (store/retention/removed_files.h). One that cannot be
// unlinked, for its folder is another user's or the disk fails, holds up no other: it is tried again once in
// a while, and is trouble of the node until it is gone.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/world.h"
#include "contract/messages/monitoring.h"
#include "pipeline/lanes/lane.h"
#include "store/data_directory.h"
#include "store/database/commit_queue.h"
#include "store/retention/removed_files.h"

namespace hilum {

class FileRemoval {
  public:
    static constexpr std::chrono::seconds until_tried_again{30};

    // Disks are waited for on `files`.
    FileRemoval(World& world, CommitQueue& commits, DataDirectory directory, Background& files)
        : world_(world), commits_(commits), directory_(std::move(directory)), files_(files) {}

    void start(std::function<void()> on_changed) { on_changed_ = std::move(on_changed); }
    // What cannot be unlinked now, "retention". `on_changed`: it is another than before.
    const std::optional<NodeTrouble>& trouble() const { return trouble_; }

    // Those that are noted. One coroutine at a time.
    Task<void> unlink();

    // Takes away the folders of days in the spool that hold nothing, of today and yesterday none. A receiver
    // makes one that it needs anew (scp/spool_file.h).
    void remove_empty_days();

  private:
    struct First {
        std::filesystem::path folder;
        std::string why;  // it cannot be removed
    };
    struct Failed {
        std::int64_t files = 0, last = 0;  // how many, and the greatest row
        First first;
    };
    struct Tried {
        std::vector<std::int64_t> gone;
        Failed failed;
    };
    Task<Tried> try_all(std::vector<StoredFile> files);
    void note(Failed failed);

    World& world_;
    CommitQueue& commits_;
    DataDirectory directory_;
    Background& files_;
    std::function<void()> on_changed_ = [] {};
    std::optional<NodeTrouble> trouble_;
    Failed failed_;
    MonotonicTime next_of_failed_;  // what failed is left alone until then
};

}  // namespace hilum
