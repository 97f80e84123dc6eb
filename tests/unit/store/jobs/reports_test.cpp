#include "store/jobs/reports.h"

#include "store/jobs/orders.h"
#include "store/retention/removed_files.h"
#include "store/withdrawals.h"
#include "unit/store/store_contract.h"

namespace hilum {
namespace {

using namespace std::chrono_literals;

using ReportsContract = test::StoreContract;
HILUM_FOR_ALL_ENGINES(ReportsContract);

TEST_P(ReportsContract, WaitForEveryImageOfTheStudy) {
    receive("1.1");
    receive("1.2");
    keep(*claim_analysis());
    EXPECT_FALSE(claim_report().report);
    keep(*claim_analysis());
    const auto next = claim_report();
    ASSERT_TRUE(next.report);
    EXPECT_EQ(next.report->request.images.size(), 2u);
    EXPECT_EQ(next.report->request.version, 1);
    EXPECT_FALSE(claim_report().report) << "it is somebody's";
}

TEST_P(ReportsContract, SayWhenToLookAgain) {
    receive("1.1");
    keep(*claim_analysis());
    const auto next = commit([&](Transaction& t) {
        open_due_reports(t, configuration_);
        return hilum::claim_report(t, configuration_, directory_, 1min);
    });
    EXPECT_FALSE(next.report);
    EXPECT_EQ(next.next_at, to_microseconds(time_ + configuration_.study.idle_timeout));
}

TEST_P(ReportsContract, AreKeptWithTheirResultsAndWhatIsToBeSent) {
    receive("1.1");
    keep(*claim_analysis());
    const auto next = claim_report();
    EXPECT_TRUE(keep(next.report->claim, composed(next.report->claim)));
    EXPECT_EQ(state(Lane::report, next.report->claim.job()), "composed");
    EXPECT_EQ(events("result_composed"), 1);
    EXPECT_EQ(counted("results_composed", {{"kind", "sr"}}), 1);
    EXPECT_EQ(claim_delivery()->request.sop_instance_uid, "9.1");
}

TEST_P(ReportsContract, OfALostClaimLeaveNothing) {
    receive("1.1");
    keep(*claim_analysis());
    const auto lost = claim_report();
    pass(1h);
    EXPECT_EQ(take_up(), 1);
    EXPECT_FALSE(keep(lost.report->claim, composed(lost.report->claim)));
    EXPECT_EQ(events("result_composed"), 0);
    EXPECT_FALSE(claim_delivery());
    EXPECT_EQ(claim_report().report->claim.attempt(), 2);
}

TEST_P(ReportsContract, ThatWereWithdrawnMeanwhileLeaveNothing) {
    receive("1.1");
    keep(*claim_analysis());
    const auto next = claim_report();
    commit([](Transaction& t) { withdraw_results(t, {"1.2.3", "", "quality", ""}, "operator"); });
    EXPECT_FALSE(keep(next.report->claim, composed(next.report->claim)));
    EXPECT_FALSE(claim_delivery());
}

// The composer read from what was told that it lies under another patient.
TEST_P(ReportsContract, OfAnotherPatientTakeBackTheOnesBeforeAndAreMadeAnew) {
    make_delivery("1.1");
    keep(*claim_delivery(), DeliveryOutcome::delivered);
    receive("1.2");
    keep(*claim_analysis());
    const auto second = claim_report();
    ASSERT_TRUE(second.report);
    ASSERT_EQ(second.report->request.told.size(), 1u);
    EXPECT_EQ(second.report->request.told.front().file, "9.1.1.dcm");
    ComposeReply reply;
    reply.job = second.report->claim.job();
    reply.error = Error{patient_changed, "another patient", Retry::never};
    EXPECT_TRUE(keep(second.report->claim, reply));
    EXPECT_EQ(state(Lane::report, reply.job), "discarded");
    EXPECT_EQ(events("results_withdrawn"), 1);
    const auto note = claim_report();
    ASSERT_TRUE(note.report);
    EXPECT_EQ(note.report->request.withdrawal.reason, patient_changed);
    ASSERT_EQ(note.report->request.withdrawal.results.size(), 1u);
    EXPECT_EQ(note.report->request.withdrawal.results.front().file, "9.1.1.dcm");
    auto made = composed(note.report->claim, "9.note");
    made.results.front().kind = ResultKind::ko;
    keep(note.report->claim, made);
    const auto anew = claim_report();
    ASSERT_TRUE(anew.report);
    EXPECT_EQ(anew.report->request.withdrawals, 1);
    EXPECT_TRUE(anew.report->request.told.empty());
    EXPECT_TRUE(anew.report->request.predecessors.empty());
    EXPECT_EQ(anew.report->request.images.size(), 2u);
}

TEST_P(ReportsContract, WhoseFilesAreGoneStillSayWhomTheyWereFiledUnder) {
    receive("1.1");
    keep(*claim_analysis());
    const auto first = claim_report();
    auto made = composed(first.report->claim);
    made.filed_under = "the header";
    keep(first.report->claim, made);
    keep(*claim_delivery(), DeliveryOutcome::delivered);
    commit([](Transaction& t) {
        take_result_file(t, 1, ResultFile::is_gone);
        return 0;
    });
    receive("1.2");
    keep(*claim_analysis());
    const auto second = claim_report();
    ASSERT_TRUE(second.report);
    const auto& request = second.report->request;
    ASSERT_EQ(request.told.size(), 1u);
    EXPECT_EQ(request.told.front().file, "");
    ASSERT_EQ(request.filed.size(), 1u);
    EXPECT_EQ(request.filed.front().report, request.told.front().report);
    EXPECT_EQ(request.filed.front().header, "the header");
    ComposeReply reply;
    reply.job = second.report->claim.job();
    reply.error = Error{patient_changed, "another patient", Retry::never};
    EXPECT_TRUE(keep(second.report->claim, reply));
    const auto note = claim_report();
    ASSERT_TRUE(note.report);
    const auto& taken = note.report->request;
    ASSERT_EQ(taken.withdrawal.results.size(), 1u);
    EXPECT_EQ(taken.withdrawal.results.front().file, "");
    ASSERT_EQ(taken.filed.size(), 1u);
    EXPECT_EQ(taken.filed.front().report, taken.withdrawal.results.front().report);
    EXPECT_EQ(taken.filed.front().header, "the header");
}

TEST_P(ReportsContract, OfWhichAnAttemptMadeSomeStayFiledUnderWhatItSaid) {
    receive("1.1");
    keep(*claim_analysis());
    for (const auto* header : {"the first", "another"}) {
        const auto attempt = claim_report();
        auto reply = composed(attempt.report->claim);
        reply.filed_under = header;
        if (header == std::string("the first")) reply.error = Error{"writing", "", Retry::later};
        keep(attempt.report->claim, reply);
        pass(1h);
    }
    receive("1.2");
    keep(*claim_analysis());
    const auto next = claim_report();
    ASSERT_TRUE(next.report);
    ASSERT_EQ(next.report->request.filed.size(), 1u);
    EXPECT_EQ(next.report->request.filed.front().header, "the first");
}

// A version that is being composed while the next one is opened.
TEST_P(ReportsContract, ThatAreSupersededAreNeverQueuedAgain) {
    receive("1.1");
    keep(*claim_analysis());
    const auto first = claim_report();
    receive("1.2");
    keep(*claim_analysis());
    const auto second = claim_report();
    ASSERT_TRUE(second.report);
    EXPECT_EQ(second.report->request.version, 2);
    EXPECT_FALSE(commit([&](Transaction& t) {
        return keep_report_failure(t, first.report->claim, {"process_died", "gone", Retry::later},
                                   configuration_.retry);
    }));
    EXPECT_TRUE(keep(second.report->claim, composed(second.report->claim)));
    pass(1h);
    EXPECT_EQ(take_up(), 0);
    EXPECT_FALSE(claim_report().report);
    EXPECT_EQ(state(Lane::report, first.report->claim.job()), "discarded");
}

TEST_P(ReportsContract, ThatAreSupersededAreNotSentHoweverTheyEnd) {
    receive("1.1");
    keep(*claim_analysis());
    const auto first = claim_report();
    receive("1.2");
    keep(*claim_analysis());
    const auto second = claim_report();
    EXPECT_TRUE(keep(second.report->claim, composed(second.report->claim, "9.2")));
    EXPECT_FALSE(keep(first.report->claim, composed(first.report->claim, "9.1")));
    EXPECT_EQ(claim_delivery()->request.sop_instance_uid, "9.2");
    EXPECT_FALSE(claim_delivery());
}

TEST_P(ReportsContract, ThatFailTellOfTheStudyTheyAreOf) {
    receive("1.1");
    keep(*claim_analysis());
    const auto next = claim_report();
    EXPECT_TRUE(commit([&](Transaction& t) {
        return keep_report_failure(t, next.report->claim, {"process_died", "gone", Retry::later},
                                   configuration_.retry);
    }));
    EXPECT_EQ(state(Lane::report, next.report->claim.job()), "queued");
    const auto told = job(Lane::report, next.report->claim.job()).at("events");
    EXPECT_TRUE(
        std::ranges::any_of(told, [](const auto& event) { return event.at("type") == "report_failed"; }));
}

TEST_P(ReportsContract, ThatBrokeTheirTemplateSendWhatWasMadeBesideThem) {
    receive("1.1");
    keep(*claim_analysis());
    const auto next = claim_report();
    auto reply = composed(next.report->claim);
    reply.error = Error{"template_violation", "", Retry::never};
    EXPECT_TRUE(keep(next.report->claim, reply));
    EXPECT_EQ(state(Lane::report, next.report->claim.job()), "quarantined");
    EXPECT_TRUE(claim_delivery());
}

TEST_P(ReportsContract, OfDamagedAnalysesHaveTheirImagesAnalysedAgain) {
    receive("1.1");
    keep(*claim_analysis());
    const auto next = claim_report();
    ComposeReply reply;
    reply.job = next.report->claim.job();
    reply.error = Error{"artifact_damaged", "the kept analysis is damaged", Retry::later};
    reply.analyse_again = true;
    EXPECT_TRUE(keep(next.report->claim, reply));
    EXPECT_EQ(state(Lane::report, next.report->claim.job()), "composed");
    EXPECT_EQ(counted("analyses_repeated", {}), 1);
    EXPECT_TRUE(claim_analysis());
}

TEST_P(ReportsContract, OfOneStudyAreComposedOneAfterTheOther) {
    receive("1.1");
    keep(*claim_analysis());
    const auto first = claim_report();
    receive("1.2");
    keep(*claim_analysis());
    const auto claim_beside_the_first = [&] {
        pass(configuration_.study.max_wait);
        return commit([&](Transaction& t) {
            open_due_reports(t, configuration_);
            return hilum::claim_report(t, configuration_, directory_, 3min, {first.report->study});
        });
    };
    const auto blocked = claim_beside_the_first();
    EXPECT_FALSE(blocked.report) << "the first version is at a composer, though nobody wants it any more";
    EXPECT_FALSE(blocked.next_at) << "its end tells, no time does";
    receive("2.1", "2.2.2");
    keep(*claim_analysis());
    const auto other = claim_beside_the_first();
    ASSERT_TRUE(other.report) << "it holds up no other study";
    EXPECT_EQ(other.report->request.study_instance_uid, "2.2.2");
    EXPECT_FALSE(keep(first.report->claim, composed(first.report->claim))) << "version 2 is wanted";
    const auto second = claim_report();
    ASSERT_TRUE(second.report);
    EXPECT_EQ(second.report->request.version, 2);
}

TEST_P(ReportsContract, AreNotClaimedWhileSomebodyMayStillWorkOnTheStudy) {
    receive("1.1");
    keep(*claim_analysis());
    const auto first = claim_report();
    const auto study = first.report->study;
    pass(3min);
    EXPECT_EQ(take_up(), 1);
    const auto claim = [&](const std::set<std::int64_t>& at_work) {
        return commit([&](Transaction& t) {
            return hilum::claim_report(t, configuration_, directory_, 3min, at_work);
        });
    };
    EXPECT_FALSE(claim({study}).report);
    EXPECT_TRUE(claim({study + 1}).report);
}

class UnmadeReportsContract : public test::StoreContract {
  protected:
    // A study of two images, of which the report was opened and waits for a composer.
    UnmadeReportsContract() {
        receive("1.1");
        receive("1.2");
        analyse_all();
        open_reports();
    }
    void open_reports() {
        pass(configuration_.study.max_wait);
        commit([&](Transaction& t) { open_due_reports(t, configuration_); });
    }
    void analyse_all() {
        while (const auto claimed = claim_analysis()) keep(*claimed);
    }
    void retry_analysis() {
        JobSelection second{"analysis", 2, "", ""};
        second.lanes = {"analyse/demo"};
        EXPECT_EQ(commit([&](Transaction& t) { return retry_jobs(t, second, "operator"); }), 1);
    }
    void replace_an_image() {
        commit([&](Transaction& t) { instances_.store(t, test::received("1.2", "1.2.3", "b", "n")); });
    }
    // What the composer gets next is of so many images, in this version of the report.
    void expect_next(std::size_t images, int version) {
        const auto next = claim_report();
        ASSERT_TRUE(next.report);
        EXPECT_EQ(next.report->request.images.size(), images);
        EXPECT_EQ(next.report->request.version, version);
    }
};
HILUM_FOR_ALL_ENGINES(UnmadeReportsContract);

TEST_P(UnmadeReportsContract, OfWhichAnImageIsAnalysedAgainLeaveItToTheNextVersion) {
    retry_analysis();
    EXPECT_FALSE(claim_report().report) << "one image of two";
    EXPECT_EQ(state(Lane::report, 1), "discarded");
    const auto slow = claim_analysis();
    EXPECT_FALSE(claim_report().report);
    keep(*slow);
    expect_next(2, 2);
}

TEST_P(UnmadeReportsContract, OfWhichAnAnalysisNeverEndsAreMadeOnceItIsGivenUp) {
    retry_analysis();
    EXPECT_FALSE(claim_report().report);
    for (int lives = 0; state(Lane::analysis, 2) != "quarantined"; ++lives) {
        ASSERT_LT(lives, 100);
        EXPECT_FALSE(claim_report().report);
        claim_analysis();
        pass(1h);
        take_up();
    }
    expect_next(2, 2);
}

TEST_P(UnmadeReportsContract, OfWhichAnImageIsReplacedLeaveItToTheNextVersion) {
    replace_an_image();
    const auto at_once =
        commit([&](Transaction& t) { return hilum::claim_report(t, configuration_, directory_, 3min); });
    EXPECT_FALSE(at_once.report);
    EXPECT_TRUE(at_once.next_at);
    analyse_all();
    expect_next(2, 2);
}

TEST_P(UnmadeReportsContract, AreHeldUpByNoImageThatIsNew) {
    receive("1.3");
    expect_next(2, 1);
}

TEST_P(UnmadeReportsContract, ThatHaveResultsAreMadeToTheirEnd) {
    auto first = claim_report();
    auto reply = composed(first.report->claim);
    reply.error = Error{"writing", "", Retry::later};
    keep(first.report->claim, reply);
    retry_analysis();
    EXPECT_TRUE(claim_report().report);
}

TEST_P(UnmadeReportsContract, AreNotTheOneReportOfAStudyThatGetsOneAlone) {
    configuration_.study.revise = false;
    replace_an_image();
    EXPECT_FALSE(claim_report().report);
    analyse_all();
    const auto next = claim_report();
    ASSERT_TRUE(next.report);
    EXPECT_EQ(next.report->request.images.size(), 2u);
    keep(next.report->claim, composed(next.report->claim));
    receive("1.3");
    analyse_all();
    EXPECT_FALSE(claim_report().report) << "what was made stays the only one";
}

TEST_P(UnmadeReportsContract, HaveToldOfNothingWhenTheirModelGoesAndComesBack) {
    retry_analysis();
    EXPECT_FALSE(claim_report().report);
    auto without = configuration_;
    without.models.clear();
    commit([&](Transaction& t) {
        adopt_models(t, {});
        open_due_reports(t, without);
    });
    commit([](Transaction& t) { adopt_models(t, {"demo"}); });
    analyse_all();
    expect_next(2, 2);
}

TEST_P(UnmadeReportsContract, MakeRoomForTheNextVersionOfAStudyThatGetsOneAlone) {
    configuration_.study.revise = false;
    replace_an_image();
    analyse_all();
    expect_next(2, 2);
}

TEST_P(ReportsContract, ThatNobodyWantsAreThroughWithoutBeingComposed) {
    configuration_.destinations.clear();
    receive("1.1");
    keep(*claim_analysis());
    EXPECT_FALSE(claim_report().report);
    EXPECT_EQ(state(Lane::report, 1), "composed");
}

}  // namespace
}  // namespace hilum
