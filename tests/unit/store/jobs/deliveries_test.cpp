#include "store/jobs/deliveries.h"

#include "store/commitments.h"
#include "store/destinations.h"
#include "store/withdrawals.h"
#include "unit/store/store_contract.h"

namespace hilum {
namespace {

using namespace std::chrono_literals;

class DeliveriesContract : public test::StoreContract {
  protected:
    // The node cannot read what is to be sent.
    std::optional<JobState> meet_trouble(const DeliveryClaim& claimed) {
        const DeliverReply reply{claimed.claim.job(), DeliveryOutcome::retry, -1, "Input/output error", false,
                                 Retry::once_mended};
        return commit([&](Transaction& t) { return keep_delivery(t, claimed, reply, pacs()); });
    }
    std::optional<JobState> meet_trouble() { return meet_trouble(*claim_delivery()); }
    // Asked whether it keeps a result that it took, the destination says that it has none.
    void tell_lost(const std::string& sop_instance_uid) {
        const auto asked = commit([&](Transaction& t) { return claim_commitment(t, pacs()).request; });
        ASSERT_TRUE(asked);
        const CommitmentReport lost{asked->transaction_uid, {}, {{sop_instance_uid, 0x0112}}, "PACS", "::1"};
        commit([&](Transaction& t) { keep_commitment_report(t, lost, pacs()); });
    }
};
HILUM_FOR_ALL_ENGINES(DeliveriesContract);

TEST_P(DeliveriesContract, AreKeptWithTheirEventAndCount) {
    make_delivery();
    const auto claimed = claim_delivery();
    EXPECT_EQ(keep(*claimed, DeliveryOutcome::delivered), JobState::delivered);
    EXPECT_EQ(state(Lane::delivery, claimed->claim.job()), "delivered");
    EXPECT_EQ(events("result_delivered"), 1);
    EXPECT_EQ(counted("deliveries", {{"destination", "pacs"}, {"outcome", "delivered"}}), 1);
    EXPECT_FALSE(keep(*claimed, DeliveryOutcome::delivered)) << "once";
    EXPECT_EQ(events("result_delivered"), 1);
}

TEST_P(DeliveriesContract, OfALostClaimAreSentAgainAndItsAnswerIsNotKept) {
    make_delivery();
    const auto lost = claim_delivery();
    pass(delivery_lease(pacs()));
    EXPECT_EQ(take_up(), 1);
    const auto again = claim_delivery();
    ASSERT_TRUE(again);
    EXPECT_FALSE(keep(*lost, DeliveryOutcome::refused));
    EXPECT_EQ(events("delivery_failed"), 0);
    EXPECT_EQ(again->request.sop_instance_uid, lost->request.sop_instance_uid);
    EXPECT_EQ(keep(*again, DeliveryOutcome::delivered), JobState::delivered);
}

// The database refused for longer than its lease.
TEST_P(DeliveriesContract, ThatArrivedAreNotSentAgainForAPassedLease) {
    make_delivery();
    const auto claimed = claim_delivery();
    pass(delivery_lease(pacs()));
    EXPECT_EQ(take_up(), 1);
    EXPECT_EQ(keep(*claimed, DeliveryOutcome::delivered), JobState::delivered);
    EXPECT_EQ(events("result_delivered"), 1);
    pass(1h);
    EXPECT_FALSE(claim_delivery());
}

TEST_P(DeliveriesContract, AreNotGivenUpForTheTimeThatTheyWaitedTheirTurn) {
    make_delivery();
    pass(2 * pacs().give_up_after);
    EXPECT_EQ(keep(*claim_delivery(), DeliveryOutcome::retry), JobState::queued);
    pass(pacs().give_up_after - 1h);
    EXPECT_EQ(keep(*claim_delivery(), DeliveryOutcome::retry), JobState::queued);
    pass(2h);
    EXPECT_EQ(keep(*claim_delivery(), DeliveryOutcome::retry), JobState::expired);
}

TEST_P(DeliveriesContract, WaitForTheNodeWhichIsNoAttemptAndNoTimeOfTheirs) {
    make_delivery();
    keep(*claim_delivery(), DeliveryOutcome::retry);
    const auto waited = pacs().give_up_after + 24h;
    for (auto time = Duration(0); time < waited; time += 1h) {
        pass(1h);
        EXPECT_EQ(meet_trouble(), JobState::queued);
    }
    EXPECT_EQ(job(Lane::delivery, 1).at("attempts"), 1);
    EXPECT_EQ(events("delivery_failed"), 2) << "once of the destination, once of the node";
    pass(1h);
    EXPECT_EQ(keep(*claim_delivery(), DeliveryOutcome::retry), JobState::queued);
    EXPECT_EQ(events("delivery_failed"), 3);
    pass(pacs().give_up_after);
    EXPECT_EQ(keep(*claim_delivery(), DeliveryOutcome::retry), JobState::expired);
}

TEST_P(DeliveriesContract, ThatTheNodeCouldNotReadWereNotTried) {
    make_delivery();
    EXPECT_EQ(meet_trouble(), JobState::queued);
    pass(1h);
    const auto claimed = claim_delivery();
    ASSERT_TRUE(claimed);
    EXPECT_FALSE(claimed->tried_before);
    EXPECT_EQ(claimed->claim.attempt(), 1);
}

TEST_P(DeliveriesContract, ThatWereWithdrawnWhileTheNodeCouldNotReadThemAreNotSent) {
    make_delivery();
    const auto claimed = claim_delivery();
    commit([](Transaction& t) { withdraw_results(t, {"1.2.3", "", "quality", ""}, "operator"); });
    EXPECT_EQ(meet_trouble(*claimed), JobState::discarded);
}

TEST_P(DeliveriesContract, ThatArriveShowThatTheDestinationIsThere) {
    make_delivery();
    make_delivery("1.5", "1.2.5");
    const auto probe_fails = [&] {
        return commit([&](Transaction& t) { return expire_deliveries(t, pacs(), "nobody listens"); });
    };
    EXPECT_EQ(probe_fails(), 0);
    pass(pacs().give_up_after - 1h);
    EXPECT_EQ(keep(*claim_delivery(), DeliveryOutcome::delivered), JobState::delivered);
    pass(2h);
    EXPECT_EQ(probe_fails(), 0);
    pass(pacs().give_up_after + 1h);
    EXPECT_EQ(probe_fails(), 1);
}

TEST_P(DeliveriesContract, LastAsLongAsTheyMakeProgress) {
    make_delivery();
    const auto claimed = claim_delivery();
    for (int i = 0; i < 5; ++i) {
        pass(delivery_lease(pacs()) - 1s);
        EXPECT_TRUE(commit([&](Transaction& t) { return renew(t, claimed->claim, delivery_lease(pacs())); }));
        EXPECT_EQ(take_up(), 0);
    }
    EXPECT_EQ(keep(*claimed, DeliveryOutcome::delivered), JobState::delivered);
}

TEST_P(DeliveriesContract, ThatTheDestinationBlamesOnTheObjectAreRefusedAtLast) {
    pacs().refused_attempts = 2;
    make_delivery();
    EXPECT_EQ(keep(*claim_delivery(), DeliveryOutcome::refused), JobState::queued);
    pass(pacs().refused_delay);
    EXPECT_EQ(keep(*claim_delivery(), DeliveryOutcome::refused), JobState::refused);
    EXPECT_EQ(events("delivery_failed"), 2);
}

TEST_P(DeliveriesContract, CountTheirRefusalsAnewOnceTheyArrived) {
    pacs().refused_attempts = 2;
    pacs().storage_commitment = true;
    make_delivery();
    keep(*claim_delivery(), DeliveryOutcome::refused);
    pass(pacs().refused_delay);
    const auto arrived = claim_delivery();
    keep(*arrived, DeliveryOutcome::delivered);
    pass(1min);
    tell_lost(arrived->request.sop_instance_uid);
    pass(1h);
    EXPECT_EQ(keep(*claim_delivery(), DeliveryOutcome::refused), JobState::queued);
}

// What was delivered in the last hour of give_up_after, and lost, has all of that time again.
TEST_P(DeliveriesContract, ThatTheDestinationLostBeginAnew) {
    pacs().storage_commitment = true;
    make_delivery();
    pass(pacs().give_up_after - 1h);
    const auto arrived = claim_delivery();
    keep(*arrived, DeliveryOutcome::delivered);
    pass(1min);
    tell_lost(arrived->request.sop_instance_uid);
    pass(2h);
    const auto again = claim_delivery();
    ASSERT_TRUE(again);
    EXPECT_EQ(keep(*again, DeliveryOutcome::retry), JobState::queued);
}

TEST_P(DeliveriesContract, WaitWhileTheDestinationIsPaused) {
    make_delivery();
    commit([](Transaction& t) { pause_destination(t, "pacs", "operator"); });
    EXPECT_FALSE(claim_delivery());
    commit([](Transaction& t) { resume_destination(t, "pacs", "operator", from_microseconds(t.at())); });
    EXPECT_TRUE(claim_delivery());
}

TEST_P(DeliveriesContract, ThatWereWithdrawnWhileTheyWereSentAreNotSentAgain) {
    make_delivery();
    const auto claimed = claim_delivery();
    commit([](Transaction& t) { withdraw_results(t, {"1.2.3", "", "quality", ""}, "operator"); });
    EXPECT_EQ(keep(*claimed, DeliveryOutcome::retry), JobState::discarded);
}

TEST_P(DeliveriesContract, ThatWereWithdrawnWhileTheirOwnerWasLostAreNotSentAgain) {
    make_delivery();
    const auto lost = claim_delivery();
    commit([](Transaction& t) { withdraw_results(t, {"1.2.3", "", "quality", ""}, "operator"); });
    pass(1h);
    take_up();
    EXPECT_EQ(state(Lane::delivery, lost->claim.job()), "discarded");
}

TEST_P(DeliveriesContract, ToADestinationThatIsGoneExpire) {
    make_delivery();
    commit([](Transaction& t) { expire_stray_deliveries(t, {"archive"}); });
    EXPECT_FALSE(claim_delivery());
    EXPECT_EQ(state(Lane::delivery, 1), "expired");
    EXPECT_EQ(events("deliveries_expired"), 1);
}

}  // namespace
}  // namespace hilum
