// Whether what comes could be stored now. Once an object could not be, for what this node lacks, the node
// itself writes as a receiver and a commit do, into the spool and the journal of facts, until that succeeds:
// what alone could not be stored says nothing of the others, and where a load balancer sends nothing to a
// node that is not ready, no object would ever tell that it is ready again.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "base/world.h"
#include "store/data_directory.h"
#include "store/database/commit_queue.h"

namespace hilum {

class ReceivingProbe {
  public:
    static constexpr std::chrono::seconds between_tries{5};

    // `files` writes beside the loop.
    ReceivingProbe(World& world, CommitQueue& commits, Background& files, const DataDirectory& directory);

    void start(std::function<void()> on_changed) { on_changed_ = std::move(on_changed); }  // failing()
    void object_failed();
    void object_stored();  // which says more than a try
    bool failing() const { return failing_; }
    const std::string& why() const { return why_; }  // it failed last

  private:
    void begin();
    void commit();
    void end(const Status& tried);

    World& world_;
    CommitQueue& commits_;
    Background& files_;
    std::filesystem::path spool_;
    std::function<void()> on_changed_;
    std::unique_ptr<Timer> timer_;
    std::string why_;
    bool trying_ = false;  // or it did a moment ago
    bool wanted_ = false, outdated_ = false, failing_ = false;
};

}  // namespace hilum
