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

namespace hilum {

class ReportJobs {
  public:
    // `models`: the keys of configuration.models, in order.
    ReportJobs(World& world, CommitQueue& commits, const Configuration& configuration,
               DataDirectory directory, std::vector<std::string> models);

    // `on_results`: there may be something to deliver.
    void start(ChildSpecification composer, std::function<void()> on_results,
               std::function<void()> on_changed);
    void pump();  // looks for studies that are due and for reports to compose
    void drain() { draining_ = true; }
    bool idle() const { return !composing_; }
    bool started() const { return composer_ != nullptr; }
    SupervisedChild& composer() { return *composer_; }
    const SupervisedChild& composer() const { return *composer_; }

  private:
    struct Next {
        std::optional<ComposeRequest> request;
        std::optional<std::int64_t> next_at;
    };
    // These run on the commit thread.
    Next next_report(Database& database) const;
    void open_due_reports(Database& database, std::int64_t at) const;
    bool open_report(Database& database, std::int64_t study, const std::string& model, std::int64_t version,
                     bool of_first_active) const;  // false: nobody wants it
    const char* why_not_reported(Database& database, std::int64_t study) const;
    std::vector<std::string> active_models() const;
    static std::int64_t repetitions(Database& database, std::int64_t report);
    void keep_reply(Database& database, const ComposeReply& reply) const;
    void keep_results(Database& database, const ComposeReply& reply, const std::string& study) const;
    void analyse_again(Database& database, std::int64_t report) const;

    void on_composer_message(Message message);
    void on_reply(ComposeReply reply);
    void fail_report(std::int64_t report, const Error& error);
    void wake_after(Duration wait);

    World& world_;
    CommitQueue& commits_;
    const Configuration& configuration_;
    DataDirectory directory_;
    std::vector<std::string> models_;
    std::function<void()> on_results_, on_changed_;
    std::unique_ptr<SupervisedChild> composer_;
    std::optional<std::int64_t> composing_;  // the report that the composer, or its claim, works on
    bool pump_again_ = false;
    bool draining_ = false;
    std::unique_ptr<Timer> wake_timer_;
    std::unique_ptr<Timer> deadline_timer_;
};

}  // namespace hilum
