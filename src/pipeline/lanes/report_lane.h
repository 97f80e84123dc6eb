// Assembles studies: when a study has been quiet for long enough and all of its images are analysed, its
// report is composed, and the results are queued for their destinations.
#pragma once

#include <deque>
#include <memory>
#include <set>
#include <vector>

#include "base/signing/ed25519.h"
#include "base/world.h"
#include "contract/configuration.h"
#include "contract/messages/composing.h"
#include "pipeline/composing/composer_files.h"
#include "pipeline/lanes/asked_child.h"
#include "pipeline/lanes/disk_reserve.h"
#include "pipeline/lanes/happening.h"
#include "pipeline/lanes/lane.h"
#include "pipeline/lanes/trouble_pause.h"
#include "store/data_directory.h"
#include "store/jobs/reports.h"

namespace hilum {

class ReportLane {
  public:
    ReportLane(World& world, CommitQueue& commits, const Configuration& configuration,
               DataDirectory directory, Happenings& happenings, const SigningKey* audit_key = nullptr);

    // How many composers there are.
    std::size_t size() const { return composers_.size(); }
    void start(std::vector<ChildSpecification> composers);  // so many
    void wake();
    void drain() { draining_ = true; }
    void stop();
    bool idle() const;
    bool any_child_running() const;
    std::vector<ChildStatus> children_status() const;  // once they are started

  private:
    struct Composer : AskedChild::Owner {
        Composer(World& world, ReportLane& of)
            : lane(of), wake_up(world), child(world, *this), files(world, of.commits_, *of.disk_, child) {}
        void child_changed() override { lane.child_changed(); }
        bool child_says(Message& message) override { return files.serve(message); }

        ReportLane& lane;
        WakeUp wake_up;
        AskedChild child;
        ComposerFiles files;
        bool busy = false;
    };

    Task<void> run(Composer& composer);
    Task<Result<NextReport>> claim();
    Task<void> give_back();
    Task<void> compose(Composer& composer, ReportClaim report);
    Task<void> keep_failure(std::shared_ptr<const Claim> claim, Error error);
    void child_changed();

    CommitQueue& commits_;
    const Configuration& configuration_;
    DataDirectory directory_;
    Happenings& happenings_;
    TroublePause trouble_;
    DiskReserve reserve_;
    const SigningKey* audit_key_;       // signs the head that a report holds; null: reports hold none
    std::unique_ptr<Background> disk_;  // for the composers' files
    std::deque<Composer> composers_;
    // Claims are made one after the other, so that each knows what is at the other composers.
    bool claiming_ = false, draining_ = false;
    std::set<std::int64_t> studies_at_work_, jobs_at_work_;
    Tasks tasks_;  // they use all of the above
};

}  // namespace hilum
