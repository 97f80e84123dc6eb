#include "store/jobs/damaged_results.h"

#include <gmock/gmock.h>

#include "store/database/sql.h"
#include "store/jobs/orders.h"
#include "store/retention/removal.h"
#include "store/stored_deadlines.h"
#include "store/withdrawals.h"
#include "unit/store/store_contract.h"

namespace hilum {
namespace {

class DamagedResultsContract : public test::StoreContract {
  protected:
    static ComposeReply composed_as(const Claim& claim, const std::string& sha256) {
        auto reply = composed(claim);
        reply.results.front().sha256 = sha256;
        return reply;
    }
    // A report that is composed, and its delivery claimed.
    DeliveryClaim make(const std::string& sha256 = "as it was") {
        receive("1.2.3.4");
        keep(*claim_analysis());
        const auto next = claim_report();
        report_ = next.report->claim.job();
        keep(next.report->claim, composed_as(next.report->claim, sha256));
        return std::move(*claim_delivery());
    }
    // A capture of an image that was replaced while its file was damaged: a newer version tells of the study.
    void replace(const std::string& bytes, const std::string& seen_by_model) {
        commit([](Transaction& t) { sql::execute(t, "UPDATE result SET kind = 'sc'"); });
        auto sent = test::received("1.2.3.4", "1.2.3", bytes, seen_by_model);
        sent.file = "replacement of " + seen_by_model + ".dcm";
        commit([&](Transaction& t) { instances_.store(t, sent); });
    }
    void make_newer_version() {
        keep(*claim_analysis());
        const auto next = claim_report();
        auto reply = composed(next.report->claim, "9.2");
        reply.results.front().kind = ResultKind::sc;
        reply.results.front().destinations.clear();  // for what waits there is one delivery alone
        keep(next.report->claim, reply);
    }
    NextReport claim_anew() {
        return commit([&](Transaction& t) {
            return hilum::claim_report(t, configuration_, directory_, std::chrono::minutes(3));
        });
    }
    bool compose_anew(const std::string& sha256 = "as it was") {
        const auto next = claim_anew();
        return next.report && keep(next.report->claim, composed_as(next.report->claim, sha256));
    }
    DeliveryClaim claim_again() {
        pass(2 * pacs().longest_delay);
        return std::move(*claim_delivery());
    }

    std::int64_t report_ = 0;
};
HILUM_FOR_ALL_ENGINES(DamagedResultsContract);

TEST_P(DamagedResultsContract, AreComposedAnewAndThenSent) {
    EXPECT_EQ(keep(make(), DeliveryOutcome::damaged), JobState::queued);
    EXPECT_EQ(events("result_damaged"), 1);
    EXPECT_EQ(counted("results_damaged", {}), 1);
    EXPECT_EQ(state(Lane::report, report_), "queued");
    EXPECT_EQ(keep(claim_again(), DeliveryOutcome::damaged), JobState::queued)
        << "the composer has much to do";
    EXPECT_EQ(events("result_damaged"), 1) << "it was told";
    EXPECT_TRUE(compose_anew());
    const auto again = claim_again();
    EXPECT_EQ(again.request.sha256, "as it was");
    EXPECT_FALSE(again.tried_before) << "nothing of a damaged file went out";
    EXPECT_EQ(keep(again, DeliveryOutcome::delivered), JobState::delivered);
    EXPECT_FALSE(claim_delivery()) << "once";
}

// Nothing is damaged where retention took the file, however often.
TEST_P(DamagedResultsContract, AreNoneWhereRetentionTookACapture) {
    keep(make(), DeliveryOutcome::delivered);
    commit([](Transaction& t) { sql::execute(t, "UPDATE result SET kind = 'sc'"); });
    for (int time = 0; time <= most_composed_anew; ++time) {
        pass(std::chrono::hours(24 * 8));
        const RemovalRules rules{RetentionSettings{}, true, false, std::chrono::seconds(10)};
        ASSERT_EQ(commit([&](Transaction& t) { return remove_sent_captures(t, rules); }).removed, 1);
        EXPECT_EQ(commit([](Transaction& t) {
                      return resend_results(t, {"1.2.3", "", ""}, "operator ann");
                  }),
                  1);
        EXPECT_EQ(keep(std::move(*claim_delivery()), DeliveryOutcome::damaged), JobState::queued);
        EXPECT_EQ(keep(claim_again(), DeliveryOutcome::damaged), JobState::queued) << "it is not made yet";
        EXPECT_TRUE(compose_anew());
        EXPECT_EQ(keep(claim_again(), DeliveryOutcome::delivered), JobState::delivered);
    }
    EXPECT_EQ(events("result_damaged"), 0);
    EXPECT_EQ(counted("results_damaged", {}), 0);
}

// The newer version tells of the image, too, and is not what makes its capture.
TEST_P(DamagedResultsContract, LeaveACaptureThatAnotherVersionMadeAsRetentionLeftIt) {
    keep(make(), DeliveryOutcome::delivered);
    commit([](Transaction& t) { sql::execute(t, "UPDATE result SET kind = 'sc'"); });
    pass(std::chrono::hours(24 * 8));
    const RemovalRules rules{RetentionSettings{}, true, false, std::chrono::seconds(10)};
    ASSERT_EQ(commit([&](Transaction& t) { return remove_sent_captures(t, rules); }).removed, 1);
    receive("1.2.3.5");
    keep(*claim_analysis());
    const auto next = claim_report();
    keep(next.report->claim, composed(next.report->claim, "9.2"));
    keep(std::move(*claim_delivery()), DeliveryOutcome::damaged);
    const auto anew = claim_anew();
    ASSERT_TRUE(anew.report);
    auto reply = composed(anew.report->claim, "9.2");
    reply.results.push_back(composed_as(anew.report->claim, "as it was").results.front());
    keep(anew.report->claim, reply);
    EXPECT_EQ(commit([](Transaction& t) {
                  return sql::number(t,
                                     "SELECT count(*) FROM result WHERE sop_instance_uid = '9.1' AND "
                                     "removed_at IS NOT NULL AND on_demand = 1");
              }),
              1);
}

TEST_P(DamagedResultsContract, SayTheTimeThatTheySaidWhateverTheClockDidMeanwhile) {
    receive("1.2.3.4");
    keep(*claim_analysis());
    const auto first = claim_report();
    keep(first.report->claim, composed_as(first.report->claim, "as it was"));
    keep(std::move(*claim_delivery()), DeliveryOutcome::damaged);
    commit([&](Transaction& t) { clock_was_set(t, configuration_, std::chrono::hours(1)); });
    pass(std::chrono::hours(1));
    const auto anew = commit([&](Transaction& t) {
        return hilum::claim_report(t, configuration_, directory_, std::chrono::minutes(3));
    });
    ASSERT_TRUE(anew.report);
    EXPECT_EQ(anew.report->request.opened_at, first.report->request.opened_at);
}

TEST_P(DamagedResultsContract, AreSetAsideWhereTheyAreDamagedEachTime) {
    EXPECT_EQ(keep(make(), DeliveryOutcome::damaged), JobState::queued);
    for (int i = 1; i < most_composed_anew; ++i) {
        EXPECT_TRUE(compose_anew());
        EXPECT_EQ(keep(claim_again(), DeliveryOutcome::damaged), JobState::queued);
    }
    EXPECT_TRUE(compose_anew());
    EXPECT_EQ(keep(claim_again(), DeliveryOutcome::damaged), JobState::refused);
    EXPECT_EQ(state(Lane::report, report_), "composed");
}

TEST_P(DamagedResultsContract, AreWaitedForWhileTheyAreComposed) {
    EXPECT_EQ(keep(make(), DeliveryOutcome::damaged), JobState::queued);
    for (int i = 0; i < 2 * most_composed_anew; ++i)
        EXPECT_EQ(keep(claim_again(), DeliveryOutcome::damaged), JobState::queued);
    EXPECT_TRUE(compose_anew());
    EXPECT_EQ(keep(claim_again(), DeliveryOutcome::delivered), JobState::delivered);
}

TEST_P(DamagedResultsContract, OfOtherBytesAreSentWhereNobodySawTheFormer) {
    EXPECT_EQ(keep(make(), DeliveryOutcome::damaged), JobState::queued);
    EXPECT_TRUE(compose_anew("by another version of Hilum"));
    EXPECT_EQ(claim_again().request.sha256, "by another version of Hilum");
    EXPECT_EQ(events("result_differs"), 0);
}

TEST_P(DamagedResultsContract, OfOtherBytesAreNotSentWhereADestinationMayHaveTheFormer) {
    EXPECT_EQ(keep(make(), DeliveryOutcome::retry), JobState::queued);
    const auto again = claim_again();
    EXPECT_TRUE(again.tried_before);
    EXPECT_EQ(keep(again, DeliveryOutcome::damaged), JobState::queued);
    EXPECT_TRUE(compose_anew("by another version of Hilum"));
    EXPECT_EQ(events("result_differs"), 1);
    const auto refused = job(Lane::delivery, again.claim.job());
    EXPECT_EQ(refused.at("state"), "refused");
    EXPECT_THAT(refused.at("error").get<std::string>(),
                testing::HasSubstr("is not what the destination may have"));
    pass(2 * pacs().longest_delay);
    EXPECT_FALSE(claim_delivery());
}

// Whoever mends the machine, or installs the former version again, asks once more.
TEST_P(DamagedResultsContract, OfOtherBytesOfACaptureThatRetentionTookAreMadeAgainWhereTheyAreAskedFor) {
    keep(make(), DeliveryOutcome::delivered);
    commit([](Transaction& t) { sql::execute(t, "UPDATE result SET kind = 'sc'"); });
    pass(std::chrono::hours(24 * 8));
    const RemovalRules rules{RetentionSettings{}, true, false, std::chrono::seconds(10)};
    ASSERT_EQ(commit([&](Transaction& t) { return remove_sent_captures(t, rules); }).removed, 1);
    const auto resend = [&] {
        return commit([](Transaction& t) { return resend_results(t, {"1.2.3", "", ""}, "operator ann"); });
    };
    for (int time = 0; time <= most_composed_anew; ++time) {
        EXPECT_EQ(resend(), 1);
        const auto claimed = claim_again();
        EXPECT_EQ(keep(claimed, DeliveryOutcome::damaged), JobState::queued);
        EXPECT_TRUE(compose_anew("by other fonts"));
        EXPECT_EQ(state(Lane::delivery, claimed.claim.job()), "refused");
        EXPECT_EQ(events("result_differs"), time + 1);
    }
    EXPECT_EQ(resend(), 1);
    EXPECT_EQ(keep(claim_again(), DeliveryOutcome::damaged), JobState::queued);
    EXPECT_TRUE(compose_anew());
    const auto again = claim_again();
    EXPECT_EQ(again.request.sha256, "as it was");
    EXPECT_EQ(keep(again, DeliveryOutcome::delivered), JobState::delivered);
}

TEST_P(DamagedResultsContract, AreComposedAnewWithWhatTheyWereMadeWith) {
    receive("1.2.3.4");
    keep(*claim_analysis());
    const auto next = claim_report();
    auto first = composed_as(next.report->claim, "as it was");
    first.results.front().made_with = {{"Hospital", "HILUM", "0.1.0", "+0100"}, {{"Pneumonia", 0.5}}, true};
    keep(next.report->claim, first);
    keep(std::move(*claim_delivery()), DeliveryOutcome::damaged);
    const auto anew = claim_anew();
    ASSERT_TRUE(anew.report);
    ASSERT_EQ(anew.report->request.known_results.size(), 1U);
    const auto& with = anew.report->request.known_results.front().made_with;
    EXPECT_EQ(text_of(with), text_of(first.results.front().made_with));
    EXPECT_EQ(with.equipment.utc_offset, "+0100");
    EXPECT_EQ(with.urgent, (std::vector<TriageRule>{{"Pneumonia", 0.5}}));
}

// Of a Hilum that did not keep it, from when they are composed anew as they were.
TEST_P(DamagedResultsContract, KeepWhatTheyWereMadeWithWhereThatIsFoundOut) {
    EXPECT_EQ(keep(make(), DeliveryOutcome::retry), JobState::queued);
    EXPECT_EQ(keep(claim_again(), DeliveryOutcome::damaged), JobState::queued);
    auto next = claim_anew();
    ASSERT_TRUE(next.report);
    EXPECT_FALSE(is_kept(next.report->request.known_results.front().made_with));
    auto reply = composed_as(next.report->claim, "as it was");
    reply.results.front().made_with.equipment = {"Hospital", "HILUM", "0.2.0", "+0100"};
    keep(next.report->claim, reply);
    EXPECT_EQ(keep(claim_again(), DeliveryOutcome::damaged), JobState::queued);
    next = claim_anew();
    ASSERT_TRUE(next.report);
    EXPECT_EQ(next.report->request.known_results.front().made_with.equipment.software_version, "0.2.0");
}

TEST_P(DamagedResultsContract, OfAnImageThatCameBackAsItWasAreComposedAnewOfTheOneThatCame) {
    receive("1.2.3.5");
    keep(*claim_analysis());
    auto first = make();
    replace("b", "n");
    make_newer_version();
    EXPECT_EQ(keep(std::move(first), DeliveryOutcome::damaged), JobState::queued);
    auto anew = claim_anew();
    ASSERT_TRUE(anew.report);
    EXPECT_EQ(anew.report->claim.job(), report_);
    EXPECT_EQ(anew.report->request.images.size(), 1U) << "the other one";
    auto without = composed(anew.report->claim);
    without.results.clear();
    keep(anew.report->claim, without);
    replace("a", "m");
    EXPECT_EQ(keep(claim_again(), DeliveryOutcome::damaged), JobState::queued);
    EXPECT_EQ(state(Lane::report, report_), "composed") << "it waits for the analysis";
    make_newer_version();
    EXPECT_EQ(keep(claim_again(), DeliveryOutcome::damaged), JobState::queued);
    anew = claim_anew();
    ASSERT_TRUE(anew.report);
    EXPECT_EQ(anew.report->claim.job(), report_);
    EXPECT_EQ(anew.report->request.images.size(), 2U);
}

TEST_P(DamagedResultsContract, OfAnImageThatIsNoMoreAreGivenUpAndCountAsRemoved) {
    auto delivery = make();
    replace("b", "n");
    make_newer_version();
    EXPECT_EQ(keep(std::move(delivery), DeliveryOutcome::damaged), JobState::queued);
    const auto files = [&] {
        return commit([](Transaction& t) {
            return sql::number(t, "SELECT count(*) FROM result WHERE removed_at IS NULL").value();
        });
    };
    EXPECT_EQ(files(), 2);
    auto state = std::optional(JobState::queued);
    for (int time = 0; time <= 2 * most_composed_anew && state == JobState::queued; ++time) {
        EXPECT_FALSE(claim_anew().report) << "none of its images is there";
        state = keep(claim_again(), DeliveryOutcome::damaged);
    }
    EXPECT_EQ(state, JobState::discarded);
    EXPECT_EQ(files(), 1);
}

TEST_P(DamagedResultsContract, ThatWereWithdrawnAreNotComposedAnew) {
    const auto claimed = make();
    commit([](Transaction& t) { withdraw_results(t, {"1.2.3", "", "quality", ""}, "operator"); });
    EXPECT_EQ(keep(claimed, DeliveryOutcome::damaged), JobState::discarded);
    EXPECT_EQ(events("result_damaged"), 0);
    EXPECT_EQ(state(Lane::report, report_), "composed");
}

}  // namespace
}  // namespace hilum
