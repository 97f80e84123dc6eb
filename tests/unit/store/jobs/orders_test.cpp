#include "store/jobs/orders.h"

#include <gtest/gtest.h>

#include "base/clock.h"
#include "store/instance_store.h"
#include "store/retention/removal.h"
#include "unit/store/store_contract.h"
#include "unit/store/test_database.h"

namespace hilum {
namespace {

using test::open_database;
using test::received;
using test::TemporaryFolder;

class OrdersTest : public testing::Test {
  protected:
    OrdersTest() {
        store_.store(database_, received("1.2.3.4"));
        put(JobState::running);
        database_.execute("UPDATE job SET attempt = 1");
    }
    void put(JobState state) { test::set_jobs(database_, Lane::analysis, state); }
    std::string state() { return database_.select("SELECT word FROM job WHERE subject = 1")[0]["word"]; }

    TemporaryFolder folder_;
    test::TestDatabase database_ = open_database(folder_);
    InstanceStore store_ = test::instance_store(folder_);
};

TEST_F(OrdersTest, AQuarantinedStudyIsRetriedByItsAccessionNumber) {
    put(JobState::quarantined);
    database_.execute("UPDATE job SET attempt = 3");
    database_.execute("UPDATE study SET due_at = NULL");
    EXPECT_EQ(retry_jobs(database_, {"", 0, "", "A1"}, "operator"), 1);
    EXPECT_EQ(state(), "queued");
    EXPECT_EQ(database_.number("SELECT attempt FROM job"), 0);
    EXPECT_TRUE(database_.number("SELECT due_at FROM study"));
}

TEST_F(OrdersTest, RetryingAnotherStudyTouchesNothing) {
    put(JobState::quarantined);
    EXPECT_EQ(retry_jobs(database_, {"", 0, "9.9", ""}, "operator"), 0);
    EXPECT_EQ(retry_jobs(database_, {"", 0, "", ""}, "operator"), 0);
    EXPECT_EQ(state(), "quarantined");
}

// As in the lists: what an order does to another patient's study cannot always be undone.
TEST_F(OrdersTest, AStudyAndAnAccessionNumberAreTheStudyThatHasBoth) {
    for (const auto& [study, accession, fits] :
         {std::tuple{"1.2.3", "A1", 1}, {"1.2.3", "A2", 0}, {"9.9", "A1", 0}}) {
        put(JobState::quarantined);
        EXPECT_EQ(retry_jobs(database_, {"", 0, study, accession}, "operator"), fits) << study << accession;
        put(JobState::quarantined);
        EXPECT_EQ(discard_jobs(database_, {"", 0, study, accession}, "operator"), fits) << study << accession;
    }
}

TEST_F(OrdersTest, AnOrderThatFindsNothingToDoIsAuditedAsFailed) {
    put(JobState::queued);
    const auto outcomes = [&] {
        std::string all;
        for (auto& row : database_.select("SELECT outcome FROM audit_event WHERE type IN ('jobs_retried',"
                                          " 'jobs_discarded', 'results_resent') ORDER BY id"))
            all += row["outcome"].get<std::string>() + " ";
        return all;
    };
    retry_jobs(database_, {"", 0, "9.9", ""}, "operator");
    discard_jobs(database_, {"analysis", 7, "", ""}, "operator");
    resend_results(database_, {"1.2.3", "", ""}, "operator");
    EXPECT_EQ(outcomes(), "failure failure failure ");
    discard_jobs(database_, {"analysis", 1, "", ""}, "operator");
    retry_jobs(database_, {"", 0, "9.9", ""}, "operator", 1);  // an old study's image was queued
    EXPECT_EQ(outcomes(), "failure failure failure success success ");
}

TEST_F(OrdersTest, AnAnalysisIsRetriedByItsNumber) {
    put(JobState::not_analysed);
    EXPECT_EQ(retry_jobs(database_, {"analysis", 1, "", ""}, "operator"), 1);
    EXPECT_EQ(state(), "queued");
}

TEST_F(OrdersTest, AnAnalysisOfAShadowModelMakesNoReportDueAndEndsNoWithdrawal) {
    put(JobState::analysed);
    database_.execute("UPDATE study SET due_at = NULL, withdrawn_at = 5");
    EXPECT_EQ(retry_jobs(database_, {"analysis", 1, "", "", {}, {"demo"}}, "operator"), 1);
    EXPECT_EQ(state(), "queued");
    EXPECT_EQ(database_.number("SELECT count(*) FROM study WHERE due_at IS NULL AND withdrawn_at = 5"), 1);
}

TEST_F(OrdersTest, AWithdrawalEndsWhereItsAnalysisIsNamedAndNotWithTheStudy) {
    put(JobState::quarantined);
    database_.execute("UPDATE study SET due_at = NULL, withdrawn_at = 5");
    EXPECT_EQ(retry_jobs(database_, {"", 0, "1.2.3", ""}, "operator"), 1);
    EXPECT_EQ(database_.number("SELECT count(*) FROM study WHERE due_at IS NOT NULL AND withdrawn_at = 5"),
              1);
    put(JobState::quarantined);
    EXPECT_EQ(retry_jobs(database_, {"", 0, "", "A1"}, "operator"), 1);
    EXPECT_EQ(database_.number("SELECT count(*) FROM study WHERE withdrawn_at = 5"), 1);
    put(JobState::quarantined);
    EXPECT_EQ(retry_jobs(database_, {"analysis", 1, "", "", {}, {"another"}}, "operator"), 1);
    EXPECT_EQ(database_.number("SELECT count(*) FROM study WHERE withdrawn_at IS NULL"), 1);
}

TEST_F(OrdersTest, WhatNobodyOfThisNodeWouldDoIsLeftAlone) {
    put(JobState::quarantined);
    JobSelection selection{"analysis", 1, "", "", {"compose", "analyse/other"}};
    EXPECT_EQ(retry_jobs(database_, selection, "operator"), 0);
    EXPECT_EQ(words_for_unfit(database_, selection),
              "no model named 'demo' is configured any more: nobody would do it");
    const JobSelection of_study{"", 0, "1.2.3", "", selection.lanes};
    EXPECT_EQ(retry_jobs(database_, of_study, "operator"), 0);
    EXPECT_NE(words_for_unfit(database_, of_study), "");
    EXPECT_EQ(state(), "quarantined");
    selection.lanes.emplace_back("analyse/demo");
    EXPECT_EQ(words_for_unfit(database_, selection), "");
    EXPECT_EQ(retry_jobs(database_, selection, "operator"), 1);
}

TEST_F(OrdersTest, ADiscardedJobIsOffTheQueueAndAudited) {
    put(JobState::queued);
    EXPECT_EQ(discard_jobs(database_, {"analysis", 1, "", ""}, "operator"), 1);
    EXPECT_EQ(state(), "discarded");
    EXPECT_EQ(database_.number("SELECT count(*) FROM audit_event WHERE type = 'jobs_discarded'"), 1);
}

using OrdersContract = test::StoreContract;
HILUM_FOR_ALL_ENGINES(OrdersContract);

TEST_P(OrdersContract, OfADestinationThatIsConfiguredNoMoreAreLeftAlone) {
    make_delivery();
    commit([](Transaction& t) { expire_stray_deliveries(t, {"archive"}); });
    const std::vector<std::string> lanes{"compose", "analyse/demo", "deliver/archive"};
    const JobSelection one{"delivery", 1, "", "", lanes};
    EXPECT_EQ(commit([&](Transaction& t) { return retry_jobs(t, one, "operator"); }), 0);
    EXPECT_EQ(commit([&](Transaction& t) { return words_for_unfit(t, one); }),
              "no destination named 'pacs' is configured any more: nobody would do it");
    const ResultSelection results{"1.2.3", "", "", lanes};
    EXPECT_EQ(commit([&](Transaction& t) { return resend_results(t, results, "operator"); }), 0);
    EXPECT_EQ(state(Lane::delivery, 1), "expired");
    const JobSelection served{"delivery", 1, "", "", {"deliver/pacs"}};
    EXPECT_EQ(commit([&](Transaction& t) { return retry_jobs(t, served, "operator"); }), 1);
}

TEST_P(OrdersContract,
       MakeTheNextVersionOfAReportThatIsToBeSentAgainAfterRetentionTookItOnceAllImagesAreBack) {
    receive("1.2.3.5");
    keep(*claim_analysis());
    make_delivery();
    keep(*claim_delivery(), DeliveryOutcome::delivered);
    pass(std::chrono::hours(24 * 31));
    const RemovalRules rules{RetentionSettings{}, true, false, std::chrono::seconds(10)};
    ASSERT_EQ(commit([&](Transaction& t) { return remove_studies(t, {}, rules, 0).removed; }), 1);
    const auto receive_again = [&](const char* uid) {
        auto again = received(uid);
        again.file = std::string(uid) + " again.dcm";
        commit([&](Transaction& t) { instances_.store(t, again); });
    };
    const auto analyse = [&] {
        return commit([](Transaction& t) { return analyse_to_resend(t, {"1.2.3", "", ""}, "operator"); });
    };
    receive_again("1.2.3.4");
    EXPECT_EQ(analyse(), 0) << "one image is not back";
    receive_again("1.2.3.5");
    EXPECT_EQ(analyse(), 2);
    EXPECT_EQ(analyse(), 0) << "once";
    keep(*claim_analysis());
    keep(*claim_analysis());
    const auto next = claim_report();
    ASSERT_TRUE(next.report);
    EXPECT_EQ(next.report->request.version, 2);
    EXPECT_EQ(next.report->request.images.size(), 2u);
    EXPECT_EQ(analyse(), 0) << "it is being made";
    keep(next.report->claim, composed(next.report->claim, "9.2"));
    keep(*claim_delivery(), DeliveryOutcome::delivered);
    EXPECT_EQ(analyse(), 0) << "its results are there";
}

}  // namespace
}  // namespace hilum
