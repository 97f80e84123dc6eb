// What is told of a destination: the last error of what still concerns it.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "store/commitments.h"
#include "store/jobs/orders.h"
#include "store/withdrawals.h"
#include "unit/store/store_contract.h"

namespace hilum {
namespace {

using namespace std::chrono_literals;

class DestinationsOverviewContract : public test::StoreContract {
  protected:
    nlohmann::json told() {
        const auto all = GetParam().overview(directory_.database()).value().destinations().value();
        return all.at(0);
    }
    std::string last_error() { return told().at("last_error"); }
    void answer(const DeliveryClaim& claim, DeliveryOutcome outcome, const char* message = "") {
        const DeliverReply reply{claim.claim.job(), outcome, -1, message, false};
        commit([&](Transaction& t) { return keep_delivery(t, claim, reply, pacs()); });
    }
    // A study of which a result is sent, a minute after the one before; the destination answers so.
    void send(const std::string& study, DeliveryOutcome outcome, const char* message = "") {
        make_delivery(study + ".1", study);
        pass(1min);
        answer(claim_delivery().value(), outcome, message);
    }
    void discard(const std::string& study) {
        ASSERT_EQ(commit([&](Transaction& t) { return discard_jobs(t, {"", 0, study, ""}, "operator"); }), 1);
    }
};
HILUM_FOR_ALL_ENGINES(DestinationsOverviewContract);

TEST_P(DestinationsOverviewContract, TheLastErrorIsThatOfWhatStillWaitsWithItsTime) {
    pacs().first_delay = pacs().longest_delay = 1h;
    send("1", DeliveryOutcome::retry, "A700");
    const auto failed_at = to_iso8601(time_);
    EXPECT_EQ(last_error(), "A700");
    EXPECT_EQ(told()["last_error_at"], failed_at);
    pass(2h);
    const auto again = claim_delivery();
    ASSERT_TRUE(again);
    EXPECT_EQ(told()["last_error_at"], failed_at) << "while it is tried again";
    answer(*again, DeliveryOutcome::retry, "A700");
    EXPECT_EQ(told()["last_error_at"], to_iso8601(time_)) << "the same words, and a newer failure";
}

TEST_P(DestinationsOverviewContract, TheLastErrorGoesOnceSomethingArrivesLater) {
    send("1", DeliveryOutcome::unsendable, "C000");
    EXPECT_EQ(last_error(), "C000");
    send("2", DeliveryOutcome::delivered);
    EXPECT_EQ(last_error(), "");
    EXPECT_TRUE(told()["last_error_at"].is_null());
    EXPECT_EQ(told()["refused"], 1) << "which an operator has to look at all the same";
    send("3", DeliveryOutcome::unsendable, "C001");
    EXPECT_EQ(last_error(), "C001");
}

TEST_P(DestinationsOverviewContract, TheLastErrorStaysWhileItsResultIsTriedAgainThoughOthersArrive) {
    pacs().first_delay = pacs().longest_delay = 1h;
    send("1", DeliveryOutcome::retry, "the PACS does not accept reports");
    send("2", DeliveryOutcome::delivered);
    EXPECT_EQ(last_error(), "the PACS does not accept reports");
}

TEST_P(DestinationsOverviewContract, WhatIsDiscardedIsNoErrorOfTheDestinationAnyMore) {
    send("1", DeliveryOutcome::unsendable, "C000");
    send("2", DeliveryOutcome::unsendable, "C001");
    discard("2");
    EXPECT_EQ(last_error(), "C000") << "that of what is left";
    discard("1");
    EXPECT_EQ(last_error(), "");
}

TEST_P(DestinationsOverviewContract, AWithdrawalIsNoErrorOfTheDestination) {
    send("1", DeliveryOutcome::unsendable, "C000");
    commit([](Transaction& t) { return withdraw_results(t, {"1", "", "quality", ""}, "operator"); });
    EXPECT_EQ(last_error(), "");
}

TEST_P(DestinationsOverviewContract, AnOrderToTryAgainIsNoNewFailure) {
    send("1", DeliveryOutcome::unsendable, "C000");
    const auto failed_at = to_iso8601(time_);
    pass(1h);
    ASSERT_EQ(commit([](Transaction& t) { return retry_jobs(t, {"", 0, "1", ""}, "operator"); }), 1);
    EXPECT_EQ(last_error(), "C000") << "it has not arrived yet";
    EXPECT_EQ(told()["last_error_at"], failed_at);
}

TEST_P(DestinationsOverviewContract, ARefusedRequestForCommitmentIsToldUntilSomethingIsCommitted) {
    pacs().storage_commitment = true;
    send("1", DeliveryOutcome::delivered);
    send("2", DeliveryOutcome::delivered);
    pass(1h);
    const auto asked = commit([&](Transaction& t) { return claim_commitment(t, pacs()).request; });
    ASSERT_TRUE(asked);
    commit(
        [&](Transaction& t) { keep_refused_commitment(t, "pacs", *asked, 1min, "the N-ACTION is refused"); });
    EXPECT_EQ(last_error(), "the N-ACTION is refused");
    send("3", DeliveryOutcome::delivered);
    EXPECT_EQ(last_error(), "the N-ACTION is refused") << "that it takes results says nothing of that";
    pass(1min);
    CommitmentReport report;
    report.transaction_uid = asked->transaction_uid;
    report.committed = {"9.1.1"};
    commit([&](Transaction& t) { keep_commitment_report(t, report, pacs()); });
    EXPECT_EQ(last_error(), "");
}

}  // namespace
}  // namespace hilum
