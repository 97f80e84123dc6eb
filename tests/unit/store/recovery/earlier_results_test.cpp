#include "store/recovery/earlier_results.h"

#include <gtest/gtest.h>

#include "unit/store/recovery/earlier_life_fixture.h"

namespace hilum {
namespace {

class EarlierResults : public test::EarlierLife {};
HILUM_FOR_ALL_ENGINES(EarlierResults);

TEST_P(EarlierResults, WhatWasDeliveredAndNotCommittedIsAskedFor) {
    pacs().storage_commitment = true;
    make_delivery();
    deliver();
    expect_nothing_new(after_the_loss());
    EXPECT_EQ(commitment(), "wanted");
}

TEST_P(EarlierResults, WhatWasCommittedIsNotAskedFor) {
    pacs().storage_commitment = true;
    make_delivery();
    deliver();
    commit_all({});
    ASSERT_EQ(commitment(), "committed");
    expect_nothing_new(after_the_loss());
    EXPECT_EQ(commitment(), "committed");
}

TEST_P(EarlierResults, WhereNobodyIsAskedNothingIsWanted) {
    make_delivery();
    deliver();
    expect_nothing_new(after_the_loss());
    EXPECT_EQ(commitment(), "none");
}

TEST_P(EarlierResults, WhatTheDestinationDidNotKeepIsSentAgain) {
    pacs().storage_commitment = true;
    make_delivery();
    deliver();
    commit_all({{"9.1.2.3.4", 0x0213}});
    ASSERT_EQ(state(Lane::delivery, 1), "queued");
    expect_sent_again();
}

TEST_P(EarlierResults, WhatIsBeingSentAgainIsSentAgain) {
    make_delivery();
    deliver();
    resend();
    expect_sent_again();
}

TEST_P(EarlierResults, WhatIsBeingSentAgainStaysSoWhereTheFoldersDoNotSayWhoseTheyAre) {
    make_delivery();
    deliver();
    resend();
    std::filesystem::remove(mark_file(directory_));
    begin();
    EXPECT_EQ(events("database_unmarked"), 1);
    EXPECT_TRUE(claim_delivery());
}

TEST_P(EarlierResults, WhatIsToBeSentAgainSinceTheBackupIsSentAgain) {
    make_delivery();
    deliver();
    back_up();
    resend();
    restore_the_backup();
    EXPECT_TRUE(claim_delivery());
}

TEST_P(EarlierResults, WhatWasSentAgainSinceTheBackupIsNotSentOnceMore) {
    make_delivery();
    deliver();
    resend();
    back_up();
    pass(std::chrono::hours(1));
    deliver();
    restore_the_backup();
    EXPECT_FALSE(claim_delivery());
    EXPECT_EQ(state(Lane::delivery, 1), "delivered");
}

TEST_P(EarlierResults, WhatWasBeingSentWhenTheBackupWasMadeIsNotSentOnceMore) {
    make_delivery();
    const auto claimed = claim_delivery();
    back_up();
    keep(*claimed, DeliveryOutcome::delivered);
    restore_the_backup();
    commit([](Transaction& t) { take_up_all(t); });
    EXPECT_FALSE(claim_delivery());
    EXPECT_EQ(state(Lane::delivery, 1), "delivered");
}

TEST_P(EarlierResults, WhatTheyWereMadeWithIsKnownToARebuiltDatabase) {
    receive("1.2.3.4");
    keep(*claim_analysis());
    const auto first = claim_report();
    auto reply = composed(first.report->claim, "9.1.2.3.4");
    reply.results.front().made_with.equipment = {"Hospital", "HILUM", "0.1.0", "+0100"};
    keep(first.report->claim, reply);
    deliver();
    const auto next = after_the_loss();
    ASSERT_TRUE(next.report);
    ASSERT_EQ(next.report->request.known_results.size(), 1u);
    EXPECT_EQ(next.report->request.known_results.front().made_with.equipment.utc_offset, "+0100");
}

TEST_P(EarlierResults, WhatAnOperatorDiscardedIsNotSent) {
    make_delivery();
    commit([](Transaction& t) { return discard_jobs(t, {"", 0, "1.2.3", ""}, "operator ann"); });
    expect_nothing_new(after_the_loss());
    EXPECT_EQ(state(Lane::delivery, 1), "discarded");
    withdraw();
    EXPECT_FALSE(claim_report().report) << "nobody has it";
}

TEST_P(EarlierResults, WhatAnOperatorDiscardedAndTookUpAgainIsSent) {
    make_delivery();
    commit([](Transaction& t) { return discard_jobs(t, {"", 0, "1.2.3", ""}, "operator ann"); });
    commit([](Transaction& t) { return retry_jobs(t, {"delivery", 1, "", ""}, "operator ann"); });
    expect_sent_again();
}

TEST_P(EarlierResults, WhatWasDeliveredIsSentInNoOtherForm) {
    make_delivery();
    deliver();
    const auto next = after_the_loss();
    ASSERT_TRUE(next.report);
    keep(next.report->claim, composed(next.report->claim, "9.in-german"));
    EXPECT_FALSE(claim_delivery());
    receive("1.2.3.5");
    keep(*claim_analysis());
    const auto newer = claim_report();
    ASSERT_TRUE(newer.report);
    EXPECT_EQ(newer.report->request.version, 2);
    ASSERT_EQ(newer.report->request.predecessors.size(), 1u);
    EXPECT_EQ(newer.report->request.predecessors.front().sop_instance_uid, "9.1.2.3.4");
    resend();
    const auto again = claim_delivery();
    ASSERT_TRUE(again);
    EXPECT_EQ(again->request.sop_instance_uid, "9.1.2.3.4");
    EXPECT_EQ(again->request.transfer_syntax_uid, "1.2.840.10008.1.2.1");
}

TEST_P(EarlierResults, WhoHasNoFormOfAResultGetsIt) {
    make_delivery();
    deliver();
    auto& archive = configuration_.destinations.emplace_back(pacs());
    archive.name = "archive";
    const auto next = after_the_loss();
    ASSERT_TRUE(next.report);
    auto reply = composed(next.report->claim, "9.in-german");
    reply.results.front().destinations = {"pacs", "archive"};
    keep(next.report->claim, reply);
    EXPECT_FALSE(claim_delivery());
    EXPECT_TRUE(commit([&](Transaction& t) { return claim_sending(t, archive).delivery.has_value(); }));
}

TEST_P(EarlierResults, AReportReplacesTheNewestThatTheJournalKnows) {
    make_delivery();
    deliver();
    back_up();
    report_another("1.2.3.5", "9.second");
    restore_the_backup();
    const auto next = report_of_adopted({"1.2.3.5", "1.2.3.6"});
    ASSERT_TRUE(next.report);
    EXPECT_EQ(next.report->request.version, 3);
    ASSERT_EQ(next.report->request.predecessors.size(), 1u);
    EXPECT_EQ(next.report->request.predecessors.front().sop_instance_uid, "9.second");
}

}  // namespace
}  // namespace hilum
