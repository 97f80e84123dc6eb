// Assembles studies: when a study has been quiet for long enough and all of its images are analysed, its
// report is composed, and the results are queued for their destinations.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/world.h"
#include "contract/configuration.h"
#include "contract/messages.h"
#include "pipeline/children/supervised_child.h"
#include "store/data_directory.h"
#include "store/database/commit_queue.h"
#include "store/jobs/reports.h"

namespace hilum {

class ReportJobs {
  public:
    ReportJobs(World& world, CommitQueue& commits, const Configuration& configuration,
               DataDirectory directory);

    // `on_results`: there may be something to deliver.
    void start(ChildSpecification composer, std::function<void()> on_results,
               std::function<void()> on_changed);
    void pump();  // looks for studies that are due and for reports to compose
    void drain() { draining_ = true; }
    bool idle() const { return !busy_; }
    bool started() const { return composer_ != nullptr; }
    SupervisedChild& composer() { return *composer_; }
    const SupervisedChild& composer() const { return *composer_; }

  private:
    void on_composer_message(Message message);
    void on_reply(ComposeReply reply);
    void compose(ReportClaim report);
    void fail_report(const Error& error);
    void keep_failure(const std::shared_ptr<const Claim>& claim, const Error& error);
    void go_on();
    void wake_after(Duration wait);

    World& world_;
    CommitQueue& commits_;
    const Configuration& configuration_;
    DataDirectory directory_;
    std::function<void()> on_results_, on_changed_;
    std::unique_ptr<SupervisedChild> composer_;
    bool busy_ = false;                       // with a claim, the composer, or keeping
    std::shared_ptr<const Claim> composing_;  // what the composer works on
    bool pump_again_ = false;
    bool draining_ = false;
    std::unique_ptr<Timer> wake_timer_;
    std::unique_ptr<Timer> deadline_timer_;
};

}  // namespace hilum
