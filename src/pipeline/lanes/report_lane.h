// Assembles studies: when a study has been quiet for long enough and all of its images are analysed, its
// report is composed, and the results are queued for their destinations.
#pragma once

#include <memory>

#include "base/world.h"
#include "contract/configuration.h"
#include "contract/messages/composing.h"
#include "pipeline/lanes/asked_child.h"
#include "pipeline/lanes/happening.h"
#include "pipeline/lanes/lane.h"
#include "store/data_directory.h"
#include "store/jobs/reports.h"

namespace hilum {

class ReportLane : private AskedChild::Owner {
  public:
    ReportLane(World& world, CommitQueue& commits, const Configuration& configuration,
               DataDirectory directory, Happenings& happenings);

    void start(ChildSpecification composer);
    void wake() { wake_up_.set(); }
    void drain() { draining_ = true; }
    void stop() { composer_.stop(); }
    bool idle() const { return !busy_; }
    const AskedChild& composer() const { return composer_; }

  private:
    Task<void> run();
    Task<void> compose(ReportClaim report);
    Task<void> keep_failure(std::shared_ptr<const Claim> claim, Error error);
    void child_changed() override;

    CommitQueue& commits_;
    const Configuration& configuration_;
    DataDirectory directory_;
    Happenings& happenings_;
    WakeUp wake_up_;
    AskedChild composer_;
    bool busy_ = false, draining_ = false;
    Tasks tasks_;  // they use all of the above
};

}  // namespace hilum
