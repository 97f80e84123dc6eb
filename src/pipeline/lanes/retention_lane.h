// Takes off the disk what is finished and old, or the oldest as the budget comes near (store/retention).
// Small transactions, with pauses between, so that receiving does not wait; a file is unlinked after the
// commit that says so is on the disk, and what a crash leaves between the two the next start unlinks.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/world.h"
#include "contract/configuration.h"
#include "pipeline/lanes/lane.h"
#include "pipeline/retention/file_removal.h"
#include "store/clock_watch.h"
#include "store/data_directory.h"
#include "store/retention/removal.h"

namespace hilum {

class RetentionLane {
  public:
    // `generation`: of the database, as artifacts are named by it.
    RetentionLane(World& world, CommitQueue& commits, const Configuration& configuration,
                  DataDirectory directory, std::string generation);

    // To be called before anything is claimed in this life of the node. `on_changed`: trouble() is another
    // than before.
    void start(std::function<void()> on_changed = [] {});
    void wake() { wake_up_.set(); }  // there is more on the disk, or something was finished
    void drain() { draining_ = true; }
    const std::optional<NodeTrouble>& trouble() const { return removal_.trouble(); }

  private:
    // What the files have and may have.
    struct Room {
        std::int64_t kept = 0;
        std::optional<std::uint64_t> budget;
        std::int64_t excess = 0;  // bytes that are to go; 0 unless what is kept is near the budget
    };
    Task<void> run();
    Task<std::vector<std::string>> list(std::filesystem::path folder);
    Task<void> find_strays();
    Task<void> sweep_results();
    void judge_clock();
    bool ages_count() const;
    Task<void> look();
    Task<void> measure();
    Task<std::optional<Room>> look_at_room();
    Task<void> remove(Room& room, bool by_age);
    using Removal = std::function<RemovalStep(Transaction&, const RemovalRules&)>;
    Task<std::optional<RemovalStep>> remove_some(RemovalRules rules, Removal removal);
    Task<void> keep(Room room, bool over);
    Task<void> forget();
    Task<int> forget_some();
    Task<void> rest() { co_await pause_.wait_for(between_steps); }
    static constexpr std::chrono::milliseconds between_steps{20};

    World& world_;
    CommitQueue& commits_;
    const Configuration& configuration_;
    DataDirectory directory_;
    std::string generation_;
    WakeUp wake_up_, pause_;
    std::unique_ptr<Background> files_;
    FileRemoval removal_;
    ClockWatch clock_watch_;
    MonotonicTime ages_count_from_;  // the clock may be wrong until then
    MonotonicTime reconciled_by_;    // nothing is taken before unless the database knows all (data_history.h)
    MonotonicTime next_age_pass_, next_scan_, next_forgetting_, next_sweep_;
    std::vector<std::string> suspects_;         // files in results/ that no row named at the last sweep
    std::optional<std::uint64_t> told_budget_;  // as the database has it
    bool told_ = false, told_over_ = false, draining_ = false;
    bool short_of_room_ = false;  // bytes are to go, for want of room
    bool scanned_over_ = false;   // what may go was looked for since the budget was exceeded
    Tasks tasks_;                 // they use all of the above
};

}  // namespace hilum
