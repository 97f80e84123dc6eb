#include "store/jobs/backlog.h"

#include "store/destinations.h"
#include "unit/store/store_contract.h"

namespace hilum {
namespace {

using namespace std::chrono_literals;

class BacklogContract : public test::StoreContract {
  protected:
    static std::string study(int number) { return "1.2." + std::to_string(number); }
    // Studies `from` to `to` of one image each.
    void receive_studies(int from, int to) {
        for (int i = from; i <= to; ++i) receive(study(i) + ".1", study(i));
    }
    NextAnalysis next_analysis() {
        return commit([&](Transaction& t) { return claim_within_bound(t, "demo", 1min, bound_); });
    }
    int waiting() {
        return commit([&](Transaction& t) { return backlog_behind_analyses(t, bound_).studies; });
    }
    // The next study's analysis and report; its result waits for the destination.
    void report_one(const std::string& uid) {
        keep(*claim_analysis());
        const auto next = claim_report();
        keep(next.report->claim, composed(next.report->claim, uid));
    }
    // As many as the bound has room for are analysed, as if without end.
    int analyse_all() {
        int analysed = 0;
        for (; analysed < 100; ++analysed) {
            auto next = next_analysis();
            if (!next.claim) break;
            keep(*next.claim);
        }
        return analysed;
    }

    AnalysisBound bound_{3, {"pacs"}, {"demo"}};
};
HILUM_FOR_ALL_ENGINES(BacklogContract);

TEST_P(BacklogContract, AnalysesWaitWhileAsManyStudiesAsTheBoundSaysWaitForTheirReport) {
    receive_studies(1, 6);
    pass(configuration_.study.max_wait);
    EXPECT_EQ(analyse_all(), 3);
    EXPECT_EQ(waiting(), 3);
    EXPECT_FALSE(next_analysis().claim);
    const auto report = claim_report();
    EXPECT_TRUE(report.report);
    EXPECT_EQ(analyse_all(), 1) << "one is with the composer: another may follow";
}

TEST_P(BacklogContract, ResultsOnTheirWayCountUntilTheyAreDelivered) {
    receive_studies(1, 3);
    for (int i = 1; i <= 3; ++i) report_one("9." + std::to_string(i));
    receive_studies(4, 5);
    EXPECT_EQ(waiting(), 3);
    EXPECT_FALSE(next_analysis().claim);
    keep(*claim_delivery(), DeliveryOutcome::delivered);
    EXPECT_TRUE(next_analysis().claim);
}

TEST_P(BacklogContract, ADestinationThatIsDownOrPausedHoldsUpNothing) {
    receive_studies(1, 3);
    for (int i = 1; i <= 3; ++i) report_one("9." + std::to_string(i));
    receive_studies(4, 6);
    EXPECT_EQ(waiting(), 3);
    commit([](Transaction& t) { pause_destination(t, "pacs", "test"); });
    EXPECT_EQ(waiting(), 0);
    EXPECT_TRUE(next_analysis().claim);
    commit([](Transaction& t) { resume_destination(t, "pacs", "test", from_microseconds(t.at())); });
    EXPECT_EQ(waiting(), 3);
    bound_.destinations_up = {};
    EXPECT_EQ(waiting(), 0);
    EXPECT_TRUE(next_analysis().claim);
}

TEST_P(BacklogContract, ASlowDestinationHoldsUpNoOther) {
    receive_studies(1, 3);
    for (int i = 1; i <= 3; ++i) report_one("9." + std::to_string(i));
    bound_.destinations_up = {"pacs", "quick"};
    EXPECT_EQ(waiting(), 0) << "all that the other one gets it has";
}

TEST_P(BacklogContract, WhatWaitsForALaterAttemptHoldsUpNothing) {
    receive_studies(1, 4);
    report_one("9.1");
    EXPECT_EQ(waiting(), 1);
    keep(*claim_delivery(), DeliveryOutcome::retry);
    EXPECT_EQ(waiting(), 0);
    pass(1min);
    EXPECT_EQ(waiting(), 0) << "whether the destination ever answers nobody knows";
    EXPECT_TRUE(claim_delivery());
}

TEST_P(BacklogContract, StudiesThatAreNotCompleteHoldUpNothing) {
    receive_studies(1, 4);
    EXPECT_EQ(analyse_all(), 4) << "none is due: images may come";
    EXPECT_EQ(waiting(), 0);
    pass(configuration_.study.max_wait);
    EXPECT_EQ(waiting(), 4);
    for (int i = 1; i <= 4; ++i) receive(study(i) + ".2", study(i));
    pass(configuration_.study.max_wait);
    EXPECT_EQ(waiting(), 0) << "a second image of each is to be analysed first";
}

TEST_P(BacklogContract, StudiesThatOnlyAShadowModelIsNotThroughWithCount) {
    instances_ = InstanceStore(configuration_.study, {"demo", "shadow"}, directory_);
    receive_studies(1, 3);
    pass(configuration_.study.max_wait);
    EXPECT_EQ(analyse_all(), 3);
    EXPECT_EQ(waiting(), 3) << "their reports wait for the composer, not for the shadow";
}

TEST_P(BacklogContract, AnUrgentStudyIsAnalysedWhateverWaits) {
    receive("1.1.1", "1.1");
    keep(*claim_analysis(), true);
    receive_studies(1, 3);
    pass(configuration_.study.max_wait);
    EXPECT_EQ(analyse_all(), 2) << "the urgent study waits too";
    receive("1.1.2", "1.1");
    EXPECT_EQ(waiting(), 2);
    bound_.analysed_ahead = 2;
    const auto next = next_analysis();
    ASSERT_TRUE(next.claim);
    EXPECT_EQ(next.claim->study_instance_uid, "1.1");
    EXPECT_FALSE(next_analysis().claim) << "what is not urgent waits";
}

TEST_P(BacklogContract, WhatStandsStillHoldsUpNothingForEver) {
    receive_studies(1, 6);
    pass(configuration_.study.max_wait);
    EXPECT_EQ(analyse_all(), 3);
    const auto held_at = to_microseconds(time_);
    const auto next = next_analysis();
    ASSERT_FALSE(next.claim);
    EXPECT_EQ(next.next_at, held_at + Duration(longest_hold).count()) << "and it is known when to look again";
    pass(longest_hold);
    EXPECT_EQ(analyse_all(), 3);
}

TEST_P(BacklogContract, NoneIsClaimedTwiceAndAnEmptyQueueTellsNoTime) {
    EXPECT_FALSE(next_analysis().next_at);
    receive_studies(1, 2);
    EXPECT_EQ(next_analysis().claim->study_instance_uid, study(1));
    EXPECT_EQ(next_analysis().claim->study_instance_uid, study(2));
    EXPECT_FALSE(next_analysis().claim);
}

}  // namespace
}  // namespace hilum
