// The composer: writes results as the real one does, with UIDs derived from what they are; a result whose
// file is there is that result.
#pragma once

#include "simulation/children/child.h"

namespace hilum::simulation {

class Composer final : public Child {
  public:
    using Child::Child;
    const std::string& at_work() const { return at_work_; }  // a Study Instance UID; empty: none

  private:
    void hear(Message message) override;
    void compose(const ComposeRequest& request);
    void add_report(const ComposeRequest& request, const ReportProfile& profile, ComposeReply& reply);
    void add_capture(const ComposeRequest& request, const ReportProfile& profile, const StudyImage& image,
                     ComposeReply& reply);
    void add_note(const ComposeRequest& request, const ReportProfile& profile, ComposeReply& reply);
    void write(const ComposeRequest& request, const ReportProfile& profile, ResultKind kind,
               std::vector<std::string> identity, nlohmann::json content, ComposeReply& reply);
    bool failed_ = false;
    bool late_ = false;  // its lease passed: what it composes from may go, and what it answers counts nothing
    std::string at_work_;
};

}  // namespace hilum::simulation
