// Takes in what lies whole in the spool and no instance names (spool_survey.h): a scanner process reads each
// header, as a receiver would have, and the object is committed and queued as one that was received. What
// cannot be read is set aside; what cannot be read for want of what the node lacks is tried again, ever
// later. Runs beside receiving, one file after another; a start that is cut off in the middle is taken up by
// the next.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>

#include "base/world.h"
#include "contract/analysis.h"
#include "contract/messages/monitoring.h"
#include "contract/messages/receiving.h"
#include "contract/messages/scanning.h"
#include "pipeline/children/supervised_child.h"
#include "pipeline/spool_survey.h"
#include "store/database/commit_queue.h"
#include "store/instance_store.h"

namespace hilum {

class SpoolAdoption {
  public:
    SpoolAdoption(World& world, CommitQueue& commits, DataDirectory directory, InstanceStore store);

    // Surveys; the scanner is started if there is something to scan. `on_instances`: something was adopted
    // that is to be analysed.
    void start(ChildSpecification scanner, std::function<void()> on_instances,
               std::function<void()> on_changed);
    ~SpoolAdoption() { end_.request_stop(); }
    void stop();  // at once: what is left is for the next start
    bool child_running() const { return scanner_ && scanner_->running(); }
    // Nothing while there is no scanner at work.
    std::optional<ChildStatus> child_status() const;
    // What of the spool cannot be read now.
    const std::optional<NodeTrouble>& trouble() const { return trouble_; }
    std::size_t waiting() const { return waiting_.size() + later_.size() + (current_ ? 1 : 0); }

  private:
    void survey();
    void surveyed(Result<SpoolSurvey> survey);
    void open_record(const SpoolSurvey& survey);
    void start_scanner();
    void pump();
    void scan(const UnknownObject& object);
    void on_message(Message message);
    void on_scanner_ended(const std::string& how);
    void adopt(const UnknownObject& object, ScanReply reply);
    void adopted(const UnknownObject& object, const ScanReply& reply, const Result<Adoption>& adoption);
    void judge_duplicate(const UnknownObject& unknown, const ScanReply& reply, const std::string& known);
    void judge_different(const UnknownObject& unknown, const StoreCommit& object, const std::string& known,
                         const Status& opened);
    void replace(const std::string& known, const StoreCommit& object);
    void put_aside(const std::string& file, const Error& error);
    void postpone(const UnknownObject& object, const Error& error);
    void take_up_again();
    void note_trouble(std::string message);
    void end_trouble();
    void after_a_while(std::function<void()> work);
    void commit(std::function<void(Transaction&)> work, std::function<void()> then = {});
    void settle();
    void finish_when_through();

    World& world_;
    CommitQueue& commits_;
    DataDirectory directory_;
    InstanceStore store_;
    std::function<void()> on_instances_, on_changed_;
    ChildSpecification specification_;
    std::unique_ptr<SupervisedChild> scanner_;
    std::deque<UnknownObject> waiting_, later_;  // later_: could not be read when it was its turn
    std::optional<UnknownObject> current_;       // with the scanner
    std::map<std::string, int> slow_scans_;      // that were ended, by the file
    std::map<std::string, int> deaths_;          // of the scanner, by the file that it had
    std::set<std::string> postponed_;            // files of which it was told
    std::optional<NodeTrouble> trouble_;
    int rounds_ = 0;             // of what was tried again
    std::size_t unsettled_ = 0;  // scanned, and not yet through
    std::int64_t record_ = 0;    // row of spool_survey
    bool stopping_ = false, through_ = false, survey_again_ = false, took_too_long_ = false;
    bool reconciles_ = false;  // once it is through, the database knows all that was acknowledged
    std::unique_ptr<Timer> deadline_, again_;
    std::stop_source end_;  // of what reads the spool, which takes longer than a stop may
    std::unique_ptr<Background> files_;
};

}  // namespace hilum
