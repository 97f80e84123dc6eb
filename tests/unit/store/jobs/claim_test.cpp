#include "store/jobs/claim.h"

#include "store/jobs/orders.h"
#include "unit/store/store_contract.h"

namespace hilum {
namespace {

using namespace std::chrono_literals;

class ClaimContract : public test::StoreContract {
  protected:
    std::optional<JobState> fail(const Claim& claim, Retry retry) {
        return commit([&](Transaction& t) {
            return fail_claimed(t, claim, {"x", "it failed", retry}, configuration_.retry);
        });
    }
};
HILUM_FOR_ALL_ENGINES(ClaimContract);

TEST_P(ClaimContract, IsOfOneOwner) {
    receive("1.1");
    const auto first = claim_analysis();
    ASSERT_TRUE(first);
    EXPECT_EQ(first->claim.attempt(), 1) << "counted before the work is touched";
    EXPECT_EQ(state(Lane::analysis, first->claim.job()), "running");
    EXPECT_FALSE(claim_analysis());
}

TEST_P(ClaimContract, IsOfTheOldestJobAndOfUrgentOnesBefore) {
    for (const auto* uid : {"1.1", "1.2", "1.3"}) {
        receive(uid, std::string("5.") + uid);
        pass(1s);
    }
    receive("1.4", "5.1.3");
    auto oldest = claim_analysis();
    EXPECT_EQ(oldest->sop_instance_uid, "1.1");
    commit([&](Transaction& t) {
        AnalysisEnd end;
        end.outcome.result.emplace();
        end.urgent = true;
        AnalysisClaim of_third = std::move(*oldest);
        of_third.study_instance_uid = "5.1.3";
        keep_outcome(t, of_third, end);
    });
    EXPECT_EQ(claim_analysis()->sop_instance_uid, "1.3");
    EXPECT_EQ(claim_analysis()->sop_instance_uid, "1.4");
    EXPECT_EQ(claim_analysis()->sop_instance_uid, "1.2");
}

TEST_P(ClaimContract, IsOfTheStudyThatCameFirstWheneverItIsDue) {
    receive("1.1", "5.1");
    receive("1.2", "5.2");
    const auto failed = claim_analysis();
    EXPECT_EQ(failed->sop_instance_uid, "1.1");
    EXPECT_EQ(fail(failed->claim, Retry::later), JobState::queued);
    receive("1.3", "5.3");
    EXPECT_EQ(claim_analysis()->sop_instance_uid, "1.2") << "the first waits for its next attempt";
    pass(1h);
    receive("1.4", "5.2");
    EXPECT_EQ(claim_analysis()->sop_instance_uid, "1.1");
    EXPECT_EQ(claim_analysis()->sop_instance_uid, "1.4") << "a late image of the second study";
    EXPECT_EQ(claim_analysis()->sop_instance_uid, "1.3");
}

TEST_P(ClaimContract, IsOfItsOwnQueue) {
    receive("1.1");
    EXPECT_FALSE(commit([](Transaction& t) { return claim_next(t, Lane::analysis, "other", 1min); }));
    EXPECT_FALSE(commit([](Transaction& t) { return next_due(t, Lane::analysis, "other"); }));
}

TEST_P(ClaimContract, WaitsForWhatIsNotDue) {
    receive("1.1");
    const auto claimed = claim_analysis();
    EXPECT_EQ(fail(claimed->claim, Retry::later), JobState::queued);
    EXPECT_FALSE(claim_analysis());
    const auto due = commit([](Transaction& t) { return next_due(t, Lane::analysis, "demo"); });
    ASSERT_TRUE(due);
    time_ = from_microseconds(*due);
    EXPECT_EQ(claim_analysis()->claim.attempt(), 2);
}

TEST_P(ClaimContract, IsTakenUpOnceItsLeaseHasPassedAndWritesNothingFromThenOn) {
    receive("1.1");
    const auto lost = claim_analysis(1min);
    pass(59s);
    EXPECT_EQ(take_up(), 0);
    pass(1s);
    EXPECT_EQ(take_up(), 1);
    EXPECT_FALSE(keep(*lost)) << "it is queued";
    const auto second = claim_analysis(1min);
    ASSERT_TRUE(second);
    EXPECT_EQ(second->claim.attempt(), 2);
    EXPECT_FALSE(keep(*lost)) << "it is somebody else's";
    EXPECT_FALSE(fail(lost->claim, Retry::later));
    EXPECT_FALSE(commit([&](Transaction& t) { return renew(t, lost->claim, 1h); }));
    EXPECT_EQ(events("analysed") + events("analysis_failed"), 0);
    EXPECT_TRUE(keep(*second));
    EXPECT_EQ(events("analysed"), 1);
}

TEST_P(ClaimContract, IsKeptWhileItsLeaseIsRenewed) {
    receive("1.1");
    const auto claimed = claim_analysis(1min);
    pass(50s);
    EXPECT_TRUE(commit([&](Transaction& t) { return renew(t, claimed->claim, 1min); }));
    pass(50s);
    EXPECT_EQ(take_up(), 0);
    EXPECT_TRUE(keep(*claimed));
    pass(1h);
    EXPECT_EQ(take_up(), 0) << "it is through";
}

TEST_P(ClaimContract, ThatIsLostAgainAndAgainIsQuarantinedAtLast) {
    receive("1.1");
    int attempts = 0;
    std::int64_t quarantined = 0;
    while (const auto claimed = claim_analysis(1s)) {
        quarantined = claimed->claim.job();
        ++attempts;
        ASSERT_LT(attempts, 100);
        pass(1s);
        take_up();
    }
    EXPECT_GT(attempts, configuration_.retry.max_attempts) << "an interruption is rarely the job's fault";
    EXPECT_EQ(state(Lane::analysis, quarantined), "quarantined");
    EXPECT_EQ(counted("jobs_quarantined", {{"kind", "analysis"}, {"code", "interrupted"}}), 1);
    EXPECT_EQ(events("analysis_failed"), 1);
    const auto told = job(Lane::analysis, quarantined).at("events");
    EXPECT_TRUE(std::ranges::any_of(told, [](const auto& event) {
        return event.at("type") == "analysis_failed" && event.at("detail").at("state") == "quarantined";
    })) << told;
}

TEST_P(ClaimContract, OfAReportThatIsLostAgainAndAgainIsQuarantinedAndTold) {
    receive("1.1");
    keep(*claim_analysis());
    std::int64_t report = 0;
    int attempts = 0;
    for (auto next = claim_report(); next.report; next = claim_report()) {
        report = next.report->claim.job();
        ASSERT_LT(++attempts, 100);
        pass(1h);
        take_up();
    }
    EXPECT_EQ(state(Lane::report, report), "quarantined");
    EXPECT_EQ(events("report_failed"), 1);
    const auto told = job(Lane::report, report).at("events");
    EXPECT_TRUE(std::ranges::any_of(told, [](const auto& event) {
        return event.at("type") == "report_failed";
    })) << told;
}

TEST_P(ClaimContract, IsNobodysAfterAStart) {
    receive("1.1");
    const auto lost = claim_analysis(1h);
    commit([&](Transaction& t) { take_up_all(t); });
    EXPECT_FALSE(keep(*lost));
    EXPECT_EQ(claim_analysis()->claim.attempt(), 2);
}

TEST_P(ClaimContract, OfAnEarlierLifeIsStaleThoughTheAttemptIsTheSame) {
    receive("1.1");
    const auto lost = claim_analysis(1h);
    commit([&](Transaction& t) {
        take_up_all(t);
        discard_jobs(t, {"analysis", lost->claim.job(), "", ""}, "operator");
        retry_jobs(t, {"analysis", lost->claim.job(), "", ""}, "operator");
    });
    const auto second = claim_analysis(1h);
    ASSERT_TRUE(second);
    EXPECT_EQ(second->claim.attempt(), lost->claim.attempt());
    EXPECT_FALSE(keep(*lost));
    EXPECT_TRUE(keep(*second));
}

TEST_P(ClaimContract, ThatFailedGoesBackWithADelayUntilItWasTriedOftenEnough) {
    receive("1.1");
    for (int attempt = 1; attempt < configuration_.retry.max_attempts; ++attempt) {
        EXPECT_EQ(fail(claim_analysis()->claim, Retry::later), JobState::queued);
        pass(1h);
    }
    const auto last = claim_analysis();
    EXPECT_EQ(fail(last->claim, Retry::later), JobState::quarantined);
    EXPECT_EQ(counted("jobs_quarantined", {{"kind", "analysis"}, {"code", "other"}}), 1);
    EXPECT_EQ(job(Lane::analysis, last->claim.job()).at("error"), "it failed");
}

TEST_P(ClaimContract, ThatWasInterruptedHasAllItsAttemptsLeft) {
    receive("1.1");
    for (int start = 0; start < configuration_.retry.max_attempts; ++start) {
        ASSERT_TRUE(claim_analysis());
        commit([](Transaction& t) { take_up_all(t); });
    }
    for (int failure = 1; failure < configuration_.retry.max_attempts; ++failure) {
        EXPECT_EQ(fail(claim_analysis()->claim, Retry::later), JobState::queued) << failure;
        pass(1h);
    }
    EXPECT_EQ(fail(claim_analysis()->claim, Retry::later), JobState::quarantined);
}

TEST_P(ClaimContract, OfWhatIsTriedAgainByHandForgetsItsInterruptions) {
    receive("1.1");
    const auto interrupt = [this](int starts) {
        for (; starts > 0; --starts) {
            ASSERT_TRUE(claim_analysis());
            commit([](Transaction& t) { take_up_all(t); });
        }
    };
    interrupt(10);
    const auto failed = claim_analysis();
    ASSERT_EQ(fail(failed->claim, Retry::never), JobState::quarantined);
    commit([&](Transaction& t) { retry_jobs(t, {"analysis", failed->claim.job(), "", ""}, "operator"); });
    interrupt(10);
    EXPECT_EQ(state(Lane::analysis, failed->claim.job()), "queued");
}

TEST_P(ClaimContract, ThatCannotSucceedIsQuarantinedAtOnce) {
    receive("1.1");
    EXPECT_EQ(fail(claim_analysis()->claim, Retry::never), JobState::quarantined);
}

TEST_P(ClaimContract, OutlivesAFullDisk) {
    receive("1.1");
    for (int attempt = 0; attempt < 2 * configuration_.retry.max_attempts; ++attempt) {
        const auto claimed = claim_analysis();
        ASSERT_TRUE(claimed);
        commit([&](Transaction& t) {
            fail_claimed(t, claimed->claim, {"disk_full", "full", Retry::once_mended}, configuration_.retry);
        });
        pass(1h);
    }
}

TEST_P(ClaimContract, OutlivesTroubleOfTheNodeWhichIsNoAttempt) {
    receive("1.1");
    receive("1.2", "5.2");
    for (int trouble = 0; trouble < 4 * configuration_.retry.max_attempts; ++trouble) {
        const auto claimed = claim_analysis();
        ASSERT_TRUE(claimed);
        EXPECT_EQ(claimed->claim.attempt(), 1);
        EXPECT_EQ(fail(claimed->claim, Retry::once_mended), JobState::queued);
        pass(configuration_.retry.longest_delay * 2);
    }
    const auto claimed = claim_analysis();
    EXPECT_EQ(job(Lane::analysis, claimed->claim.job()).at("error"), "it failed");
    EXPECT_EQ(fail(claimed->claim, Retry::later), JobState::queued);
    EXPECT_EQ(counted("jobs_quarantined", {{"kind", "analysis"}, {"code", "other"}}), 0);
}

TEST_P(ClaimContract, WaitsLongerEachTimeThatTheNodeIsInTrouble) {
    receive("1.1");
    EXPECT_EQ(fail(claim_analysis()->claim, Retry::once_mended), JobState::queued);
    EXPECT_FALSE(claim_analysis()) << "not at once";
    pass(configuration_.retry.first_delay * 2);
    EXPECT_EQ(fail(claim_analysis()->claim, Retry::once_mended), JobState::queued);
    pass(configuration_.retry.first_delay * 3 / 2);
    EXPECT_FALSE(claim_analysis()) << "the delay has doubled";
}

// As long as every file fails it is the disk; once others are read for hours it is this one's sector.
TEST_P(ClaimContract, OfAJobThatAloneIsInTroubleForHoursEndsInQuarantine) {
    receive("1.1");
    for (int hour = 0; hour < 12; ++hour) {
        EXPECT_EQ(fail(claim_analysis()->claim, Retry::once_mended), JobState::queued) << "others fail, too";
        pass(1h);
    }
    EXPECT_EQ(fail(claim_analysis()->claim, Retry::once_mended), JobState::queued);
    pass(1s);
    receive("1.2", "5.2");
    keep(*claim_analysis());
    pass(1h);
    const auto lonely = claim_analysis();
    EXPECT_EQ(lonely->sop_instance_uid, "1.1");
    EXPECT_EQ(fail(lonely->claim, Retry::once_mended), JobState::quarantined);
}

TEST_P(ClaimContract, OfAJobInTroubleForMinutesStaysThoughOthersFareWell) {
    receive("1.1");
    for (int minute = 0; minute < 12; ++minute) {
        const auto troubled = claim_analysis();
        EXPECT_EQ(troubled->sop_instance_uid, "1.1");
        EXPECT_EQ(fail(troubled->claim, Retry::once_mended), JobState::queued);
        const auto other = "1.2." + std::to_string(minute + 1);
        receive(other, "5." + other);
        keep(*claim_analysis());
        pass(10min);
    }
}

TEST_P(ClaimContract, OfWhichTheDatabaseDidNotTellIsGivenBack) {
    receive("1.1");
    receive("1.2", "5.2");
    const auto held = claim_analysis();
    const auto untold = claim_analysis();
    commit([&](Transaction& t) { give_back_unknown(t, Lane::analysis, held->model, {held->claim.id()}); });
    EXPECT_EQ(state(Lane::analysis, held->claim.job()), "running");
    const auto again = claim_analysis();
    ASSERT_TRUE(again);
    EXPECT_EQ(again->claim.job(), untold->claim.job());
    EXPECT_EQ(again->claim.attempt(), 1);
    EXPECT_FALSE(keep(*untold)) << "its number is another's now";
    EXPECT_TRUE(keep(*held));
}

TEST_P(ClaimContract, OfAJobThatWasTakenOffTheQueueIsStale) {
    receive("1.1");
    const auto claimed = claim_analysis();
    commit([&](Transaction& t) { instances_.store(t, test::received("1.1", "1.2.3", "b", "changed")); });
    EXPECT_EQ(state(Lane::analysis, claimed->claim.job()), "discarded");
    EXPECT_FALSE(keep(*claimed));
    EXPECT_FALSE(fail(claimed->claim, Retry::later));
    EXPECT_EQ(state(Lane::analysis, claimed->claim.job()), "discarded");
}

}  // namespace
}  // namespace hilum
