// The composer: has results written as the real one does, with UIDs derived from what they are; a result
// whose file is there is that result.
#pragma once

#include <deque>
#include <optional>

#include "simulation/children/child.h"

namespace hilum::simulation {

class Composer final : public Child {
  public:
    using Child::Child;
    const std::string& at_work() const { return at_work_; }  // a Study Instance UID; empty: none

  private:
    void hear(Message message) override;
    void compose(const ComposeRequest& request);
    void add_report(const ComposeRequest& request, const ReportProfile& profile);
    void add_capture(const ComposeRequest& request, const ReportProfile& profile, const StudyImage& image);
    void add_note(const ComposeRequest& request, const ReportProfile& profile);
    void add(const ComposeRequest& request, const ReportProfile& profile, ResultKind kind,
             std::vector<std::string> identity, nlohmann::json content);
    bool is_added(const std::string& uid, const std::vector<std::string>& destinations);
    void hand_over_next();
    void handed_over(const FileReply& written);

    struct Made {
        ComposedResult result;
        std::string bytes;
    };
    ComposeReply reply_;
    std::deque<Made> made_;  // and not handed over
    bool twice_ = false;     // it answers
    bool late_ = false;  // its lease passed: what it composes from may go, and what it answers counts nothing
    std::string at_work_;
};

}  // namespace hilum::simulation
