// Analyses under one model: claims what is queued, lets the engine work on as many as it takes, keeps what
// was found, retries or quarantines what failed.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/world.h"
#include "pipeline/children/analysis_engine.h"
#include "pipeline/lanes/disk_reserve.h"
#include "pipeline/lanes/happening.h"
#include "pipeline/lanes/lane.h"
#include "pipeline/lanes/sending_lane.h"
#include "pipeline/lanes/trouble_pause.h"
#include "store/data_directory.h"
#include "store/jobs/backlog.h"

namespace hilum {

class AnalysisLane {
  public:
    struct Model {
        std::size_t index;  // into configuration.models
        std::string key;
    };

    // `generation`: the database's (data_history.h), part of the artifacts' names, so that no other life of
    // it takes them for its own. `senders`: whose destinations being up or down says how much waits behind it
    // (store/jobs/backlog.h).
    AnalysisLane(World& world, CommitQueue& commits, AnalysisEngine& engine,
                 const Configuration& configuration, DataDirectory directory, std::string generation,
                 Model model, const std::deque<SendingLane>& senders, Happenings& happenings);

    void start();
    void wake() { wake_up_.set(); }
    void drain() { draining_ = true; }
    bool idle() const { return held_.empty(); }

  private:
    using Job = std::shared_ptr<const AnalysisClaim>;
    using Answer = std::shared_ptr<const AnalysisAnswer>;

    Task<void> run();
    Task<void> recover(Error error);
    Task<void> analyse(Job job);
    Task<AnalysisAnswer> ask_engine(Job job);
    Task<Status> keep(Job job, Answer answer);
    Task<Result<std::string>> write_artifact(Job job, Answer answer);
    Task<Status> keep_end(Job job, AnalysisEnd end);
    void remove_artifact(const std::string& name);
    Task<void> keep_failure(Job job, Error error, FrameCount frames);
    Task<void> renew_leases();
    Duration lease() const;
    AnalysisBound bound() const;

    World& world_;
    CommitQueue& commits_;
    AnalysisEngine& engine_;
    const Configuration& configuration_;
    DataDirectory directory_;
    std::string generation_;
    Model model_;
    const std::deque<SendingLane>& senders_;
    Happenings& happenings_;
    WakeUp wake_up_, renewal_;
    TroublePause trouble_;
    DiskReserve reserve_;
    bool draining_ = false;
    std::unique_ptr<Background> files_;  // writes artifacts, so that neither the loop nor a C-STORE waits
    std::vector<Job> held_;              // claims
    Tasks tasks_;                        // they use all of the above
};

}  // namespace hilum
