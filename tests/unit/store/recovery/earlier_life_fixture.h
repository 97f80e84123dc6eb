// What is done to a study before its node loses the database, and what is to be seen after.
#pragma once

#include <string>
#include <vector>

#include "store/commitments.h"
#include "store/database/sql.h"
#include "store/jobs/orders.h"
#include "store/withdrawals.h"
#include "unit/store/recovery/rebuilding.h"

namespace hilum::test {

// Studies that were reported, delivered and withdrawn before the database was lost.
class EarlierLife : public Rebuilding {
  protected:
    void deliver() {
        auto claimed = claim_delivery();
        ASSERT_TRUE(claimed);
        keep(*claimed, DeliveryOutcome::delivered);
    }
    void withdraw() {
        const int studies = commit([](Transaction& t) {
            return withdraw_results(t, {"1.2.3", "", "safety", "the wrong model"}, "operator ann");
        });
        ASSERT_EQ(studies, 1);
    }
    // The note of a withdrawal is made, and sent where `delivers`.
    void make_note(const char* uid = "9.note") {
        const auto note = claim_report();
        ASSERT_TRUE(note.report);
        ASSERT_FALSE(note.report->request.withdrawal.reason.empty());
        auto reply = composed(note.report->claim, uid);
        reply.results.front().kind = ResultKind::ko;
        keep(note.report->claim, reply);
    }
    // The study is analysed again on an operator's order, and reported.
    void report_anew() {
        commit([](Transaction& t) { return retry_jobs(t, {"analysis", 1, "", ""}, "operator ann"); });
        keep(*claim_analysis());
        const auto next = claim_report();
        ASSERT_TRUE(next.report);
        keep(next.report->claim, composed(next.report->claim, "9.anew"));
    }
    // A late image's version.
    void report_another(const std::string& image, const std::string& uid) {
        receive(image);
        keep(*claim_analysis());
        const auto next = claim_report();
        ASSERT_TRUE(next.report);
        keep(next.report->claim, composed(next.report->claim, uid));
        deliver();
    }
    void resend() {
        const int changed = commit([](Transaction& t) {
            return resend_results(t, {"1.2.3", "", ""}, "operator ann");
        });
        ASSERT_EQ(changed, 1);
    }
    // The destination is asked, and tells what it does not keep.
    void commit_all(const std::vector<UncommittedInstance>& failed) {
        pass(std::chrono::minutes(1));
        const auto claim = commit([&](Transaction& t) { return claim_commitment(t, pacs()); });
        ASSERT_TRUE(claim.request);
        CommitmentReport report;
        report.transaction_uid = claim.request->transaction_uid;
        report.failed = failed;
        if (failed.empty()) report.committed = {"9.1.2.3.4"};
        commit([&](Transaction& t) { keep_commitment_report(t, report, pacs()); });
        pass(std::chrono::minutes(1));
    }
    std::string commitment() {
        return commit([](Transaction& t) {
            std::string word = "none";
            sql::each(t, "SELECT id, outcome FROM job WHERE kind = 'commitment'",
                      [&](const sql::Row& row) { word = row.text(1); });
            return word;
        });
    }
    void expect_sent_again() {
        const auto next = after_the_loss();
        ASSERT_TRUE(next.report);
        keep(next.report->claim, composed(next.report->claim, "9.1.2.3.4"));
        const auto again = claim_delivery();
        ASSERT_TRUE(again);
        keep(*again, DeliveryOutcome::delivered);
        EXPECT_EQ(state(Lane::delivery, 1), "delivered");
    }
    // The model "second" runs, or ran, beside.
    void add_a_shadow() {
        auto& shadow = configuration_.models.emplace_back(configuration_.models.front());
        shadow.package = "second";
        shadow.mode = ModelMode::shadow;
        instances_ = InstanceStore(configuration_.study, {"demo", "second"}, directory_);
    }
    void remove_the_shadow() {
        configuration_.models.pop_back();
        instances_ = InstanceStore(configuration_.study, {"demo"}, directory_);
    }
    void analyse_under_the_shadow() {
        auto claimed = commit(
            [](Transaction& t) { return hilum::claim_analysis(t, "second", std::chrono::minutes(1)); });
        ASSERT_TRUE(claimed);
        keep(*claimed);
    }
    // The image of the study is there again, and what its report is now.
    NextReport after_the_loss() {
        lose_the_database();
        adopt(received("1.2.3.4"));
        keep(*claim_analysis());
        return claim_report();
    }
    void expect_nothing_new(const NextReport& next) {
        ASSERT_TRUE(next.report);
        EXPECT_EQ(next.report->request.version, 1);
        keep(next.report->claim, composed(next.report->claim, "9.1.2.3.4"));
        EXPECT_FALSE(claim_delivery());
    }
    bool withdrawn() {
        return commit([](Transaction& t) { return is_withdrawn(t, 1); });
    }
    static StoreCommit of_long_ago() {
        auto object = received("1.2.3.4");
        object.header.study_date = "20200101";
        return object;
    }
};

}  // namespace hilum::test
