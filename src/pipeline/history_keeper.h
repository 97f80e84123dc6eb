// Keeps the folders' mark of the database's history (data_history.h) close behind the database, shows a
// witness how far the audit trail has come, and looks whether the database is sound, a table after the other:
// where an index is not, it is made anew.
#pragma once

#include <optional>
#include <stop_token>

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

    ~HistoryKeeper() { stop_checking(); }

    void start();                          // looks now, and again every few seconds
    void stop_checking();                  // at once; the mark is kept close on
    void finish(const HistoryMark& last);  // durable when it returns; the keeper looks no more

  private:
    void look();
    void look_later();
    void check_next_table();
    void checked(const std::string& table, const std::vector<std::string>& problems);

    World& world_;
    CommitQueue& commits_;
    DataDirectory directory_;
    std::unique_ptr<Timer> timer_;
    int looks_ = 0;
    std::size_t next_table_ = 0;         // to be checked
    HistoryMark asked_for_;              // the last one that was to be written
    std::stop_source end_;               // of the check: a large table takes longer than a stop may
    std::unique_ptr<Background> files_;  // so that the loop waits for no disk
    std::optional<AuditWitness> witness_;
};

}  // namespace hilum
