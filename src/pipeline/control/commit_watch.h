// Watches the commit thread: while a sync of it does not return, no C-STORE is answered, which is to be seen
// whoever asks, also where no watchdog of systemd does.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "base/world.h"
#include "contract/messages/monitoring.h"
#include "store/database/commit_queue.h"

namespace hilum {

class CommitWatch {
  public:
    static constexpr std::chrono::seconds between_looks{5};  // one in vain may be a long unit of work

    // The one that asks the queue whether it goes on.
    CommitWatch(World& world, CommitQueue& commits);

    void start(std::function<void()> on_changed);  // trouble() is another than before
    const std::optional<NodeTrouble>& trouble() const { return trouble_; }  // since two looks in vain
    bool goes_on();  // at any look since this was last asked, or at the last

  private:
    void look();

    World& world_;
    CommitQueue& commits_;
    std::function<void()> on_changed_;
    std::unique_ptr<Timer> timer_;
    bool went_on_ = true, goes_on_ = true;  // since it was last asked; at the last look
    std::optional<NodeTrouble> trouble_;
};

}  // namespace hilum
