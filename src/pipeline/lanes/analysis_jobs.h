// Carries analysis jobs between the database and the engine: claims what is queued, keeps what was found,
// retries or quarantines what failed.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/world.h"
#include "pipeline/children/analysis_engine.h"
#include "store/data_directory.h"
#include "store/database/commit_queue.h"

namespace hilum {

class AnalysisJobs {
  public:
    // `generation`: the database's (data_history.h), part of the artifacts' names, so that no other life of
    // it takes them for its own. `models`: the keys of configuration.models, in order.
    AnalysisJobs(World& world, CommitQueue& commits, AnalysisEngine& engine,
                 const Configuration& configuration, DataDirectory directory, std::string generation,
                 std::vector<std::string> models);

    // `on_finished`: a job came to an end, so a report may be due.
    void start(std::function<void()> on_finished) { on_finished_ = std::move(on_finished); }
    void pump();  // claims as much as the engine can take
    void drain() { draining_ = true; }
    bool idle() const { return working_ == 0; }

  private:
    struct Claimed {
        std::int64_t job = 0;
        int frame = 1;
        std::string file, study_instance_uid, sop_instance_uid;
    };
    struct Claim {
        std::optional<Claimed> job;
        std::optional<std::int64_t> next_at;  // when there is none now but one later
    };
    static Claim claim(Database& database, const std::string& model, Duration lease);
    void claim_for(std::size_t model);
    void claim_after(std::size_t model, Duration wait);
    void analyse(std::size_t model, const Claimed& job);
    void keep(const Claimed& job, std::size_t model, Analysed analysed);
    void keep_outcome(const Claimed& job, std::size_t model, AnalysisOutcome outcome, std::string artifact,
                      const FrameCount& frames);
    void keep_failure(const Claimed& job, std::size_t model, const Error& error, const FrameCount& frames);
    void finished();

    World& world_;
    CommitQueue& commits_;
    AnalysisEngine& engine_;
    const Configuration& configuration_;
    DataDirectory directory_;
    std::string generation_;
    std::vector<std::string> models_;
    std::function<void()> on_finished_;
    std::vector<bool> claiming_;  // one claim at a time for each model
    std::vector<bool> claim_again_;
    std::vector<std::unique_ptr<Timer>> wake_timers_;  // for what waits for a later attempt
    std::unique_ptr<Background> files_;  // writes artifacts, so that neither the loop nor a C-STORE waits
    int working_ = 0;
    bool draining_ = false;
};

}  // namespace hilum
