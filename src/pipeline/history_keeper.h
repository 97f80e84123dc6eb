// Keeps the folders' mark of the database's history (data_history.h) close behind the database, and shows a
// witness how far the audit trail has come.
#pragma once

#include <optional>

#include "base/world.h"
#include "store/audit/audit_witness.h"
#include "store/data_history.h"
#include "store/database/commit_queue.h"

namespace hilum {

class HistoryKeeper {
  public:
    // `witness`: none where the site wants none.
    HistoryKeeper(World& world, CommitQueue& commits, DataDirectory directory,
                  std::optional<AuditWitness> witness)
        : world_(world),
          commits_(commits),
          directory_(std::move(directory)),
          timer_(world.make_timer()),
          files_(world.make_background()),
          witness_(std::move(witness)) {}

    void start();                          // looks now, and again every few seconds
    void finish(const HistoryMark& last);  // durable when it returns; the keeper looks no more

  private:
    void look();
    void look_later();

    World& world_;
    CommitQueue& commits_;
    DataDirectory directory_;
    std::unique_ptr<Timer> timer_;
    HistoryMark asked_for_;              // the last one that was to be written
    std::unique_ptr<Background> files_;  // so that the loop waits for no disk
    std::optional<AuditWitness> witness_;
};

}  // namespace hilum
