// Carries analysis jobs between the database and the engine: claims what is queued, keeps what was found,
// retries or quarantines what failed.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/world.h"
#include "pipeline/children/analysis_engine.h"
#include "store/data_directory.h"
#include "store/database/commit_queue.h"
#include "store/jobs/backlog.h"

namespace hilum {

class AnalysisJobs {
  public:
    // `generation`: the database's (data_history.h), part of the artifacts' names, so that no other life of
    // it takes them for its own. `models`: the keys of configuration.models, in order.
    AnalysisJobs(World& world, CommitQueue& commits, AnalysisEngine& engine,
                 const Configuration& configuration, DataDirectory directory, std::string generation,
                 std::vector<std::string> models);

    // `on_finished`: a job came to an end, so a report may be due. `destinations_up`: their names.
    void start(std::function<void()> on_finished, std::function<std::vector<std::string>()> destinations_up);
    // Claims as much as the engine can take, and as what waits behind allows: to be called also when a report
    // or a delivery was finished, and when a destination is up or down.
    void pump();
    void drain() { draining_ = true; }
    bool idle() const { return working_.empty(); }

  private:
    using Job = std::shared_ptr<const AnalysisClaim>;
    void claim_for(std::size_t model);
    void claim_after(std::size_t model, Duration wait);
    Duration lease_of(std::size_t model) const;
    void analyse(std::size_t model, const Job& job);
    void keep_analysed(std::size_t model, const Job& job, Analysed analysed);
    void keep_end(std::size_t model, const Job& job, AnalysisEnd end);
    void keep_failure(const Job& job, const Error& error, const FrameCount& frames);
    void finished(const Job& job);
    void renew_later();
    void renew_leases();

    World& world_;
    CommitQueue& commits_;
    AnalysisEngine& engine_;
    const Configuration& configuration_;
    DataDirectory directory_;
    std::string generation_;
    std::vector<std::string> models_;
    std::function<void()> on_finished_;
    std::function<std::vector<std::string>()> destinations_up_;
    std::vector<bool> claiming_;  // one claim at a time for each model
    std::vector<bool> claim_again_;
    std::vector<std::unique_ptr<Timer>> wake_timers_;  // for what waits for a later attempt
    std::unique_ptr<Background> files_;  // writes artifacts, so that neither the loop nor a C-STORE waits
    std::vector<std::pair<Job, std::size_t>> working_;  // what the engine has, and its model
    std::unique_ptr<Timer> renew_timer_;
    bool draining_ = false;
};

}  // namespace hilum
