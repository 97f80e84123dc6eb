#include "store/withdrawals.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "unit/store/recovery/earlier_life_fixture.h"

namespace hilum {
namespace {

class EarlierWithdrawals : public test::EarlierLife {};
HILUM_FOR_ALL_ENGINES(EarlierWithdrawals);

TEST_P(EarlierWithdrawals, ResultsThatWereWithdrawnSinceTheBackupAreNotSent) {
    make_delivery();
    back_up();
    withdraw();
    restore_the_backup();
    EXPECT_FALSE(claim_delivery());
    EXPECT_EQ(state(Lane::delivery, 1), "discarded");
    EXPECT_TRUE(withdrawn());
    EXPECT_EQ(commit([](Transaction& t) { return retry_jobs(t, {"delivery", 1, "", ""}, "operator"); }), 0);
}

TEST_P(EarlierWithdrawals, AReportThatWasWithdrawnSinceTheBackupIsNotMade) {
    receive("1.2.3.4");
    keep(*claim_analysis());
    back_up();
    withdraw();
    restore_the_backup();
    EXPECT_FALSE(claim_report().report);
}

TEST_P(EarlierWithdrawals, TheNoteOfAWithdrawalGoesToWhoHasTheResults) {
    make_delivery();
    deliver();
    back_up();
    withdraw();
    restore_the_backup();
    const auto note = claim_report();
    ASSERT_TRUE(note.report);
    EXPECT_EQ(note.report->request.withdrawal.reason, "safety");
    EXPECT_EQ(note.report->request.withdrawal.note, "the wrong model");
    EXPECT_EQ(note.report->request.version, 2);
    EXPECT_EQ(note.report->request.withdrawals, 1);
    ASSERT_EQ(note.report->request.withdrawal.results.size(), 1u);
}

TEST_P(EarlierWithdrawals, TheNoteOfAWithdrawalIsSentOnce) {
    make_delivery();
    deliver();
    back_up();
    withdraw();
    make_note();
    deliver();
    restore_the_backup();
    EXPECT_FALSE(claim_report().report);
    EXPECT_FALSE(claim_delivery());
    EXPECT_EQ(state(Lane::report, 2), "composed");
    EXPECT_EQ(state(Lane::delivery, 2), "delivered");
}

TEST_P(EarlierWithdrawals, TheNoteOfAWithdrawalThatALostDatabaseDidNotSendIsSent) {
    make_delivery();
    deliver();
    withdraw();
    lose_the_database();
    EXPECT_FALSE(claim_report().report) << "no object of the study is there yet";
    EXPECT_EQ(state(Lane::report, 2), "queued");
    adopt(test::received("1.2.3.4"));
    const auto note = claim_report();
    ASSERT_TRUE(note.report);
    EXPECT_EQ(note.report->request.withdrawal.reason, "safety");
    EXPECT_EQ(note.report->request.version, 2);
    EXPECT_EQ(note.report->request.withdrawals, 1);
    ASSERT_EQ(note.report->request.withdrawal.results.size(), 1u);
    const auto& result = note.report->request.withdrawal.results.front();
    EXPECT_EQ(result.sop_instance_uid, "9.1.2.3.4");
    EXPECT_EQ(result.file, "9.1.2.3.4.dcm");
    EXPECT_EQ(result.destinations, std::vector<std::string>{"pacs"});
    EXPECT_EQ(events("results_withdrawn"), 0) << "nobody ordered that now";
}

TEST_P(EarlierWithdrawals, TheNoteOfAWithdrawalThatALostDatabaseSentIsSentOnce) {
    make_delivery();
    deliver();
    withdraw();
    make_note();
    deliver();
    lose_the_database();
    adopt(test::received("1.2.3.4"));
    EXPECT_FALSE(claim_report().report);
    EXPECT_FALSE(claim_delivery());
}

TEST_P(EarlierWithdrawals, OfTwoWithdrawalsThatALostDatabaseSentNoNoteIsSentAgain) {
    make_delivery();
    deliver();
    withdraw();
    make_note();
    deliver();
    report_anew();
    deliver();
    withdraw();
    make_note("9.note.2");
    deliver();
    lose_the_database();
    EXPECT_EQ(state(Lane::report, 2), "composed");
    adopt(test::received("1.2.3.4"));
    EXPECT_FALSE(claim_report().report);
    EXPECT_FALSE(claim_delivery());
}

TEST_P(EarlierWithdrawals, AStudyThatOnlyTheJournalKnowsIsFoundByItsAge) {
    make_delivery();
    deliver();
    lose_the_database();
    withdraw();
    EXPECT_EQ(commit([](Transaction& t) {
                  return sql::number(t, "SELECT count(*) FROM study WHERE received_at IS NULL");
              }),
              0);
}

TEST_P(EarlierWithdrawals, ANoteWhoseStudyIsGoneGoesOutOnceItComesAgain) {
    make_delivery();
    deliver();
    withdraw();
    lose_the_database();
    commit([](Transaction& t) { keep_reconciled(t); });
    EXPECT_FALSE(claim_report().report);
    EXPECT_EQ(state(Lane::report, 2), "quarantined") << "an operator is told";
    receive("1.2.3.4");
    EXPECT_TRUE(claim_report().report);
}

TEST_P(EarlierWithdrawals, WhatALostDatabaseDeliveredIsTakenBack) {
    make_delivery();
    deliver();
    lose_the_database();
    for (const bool adopted : {false, true}) {
        if (adopted) adopt(test::received("1.2.3.4"));
        const auto preview = commit([](Transaction& t) {
            return preview_of_withdrawal(t, {"1.2.3", "", "", ""});
        });
        ASSERT_EQ(preview.size(), 1u);
        EXPECT_EQ(preview[0]["notes_to"], nlohmann::json{"pacs"});
        EXPECT_EQ(preview[0]["reports"],
                  nlohmann::json::parse(R"([{"model": "demo", "version": 1, "state": "composed"}])"));
    }
    withdraw();
    const auto note = claim_report();
    ASSERT_TRUE(note.report);
    EXPECT_EQ(note.report->request.version, 2);
    ASSERT_EQ(note.report->request.withdrawal.results.size(), 1u);
    EXPECT_EQ(note.report->request.withdrawal.results.front().sop_instance_uid, "9.1.2.3.4");
    EXPECT_TRUE(commit([](Transaction& t) {
                    return preview_of_withdrawal(t, {"1.2.3", "", "", ""});
                }).empty());
}

TEST_P(EarlierWithdrawals, WhatALostDatabaseDeliveredOfAStudyThatIsPriorNowIsTakenBack) {
    make_delivery();
    deliver();
    lose_the_database();
    adopt(of_long_ago());
    withdraw();
    const auto note = claim_report();
    ASSERT_TRUE(note.report);
    EXPECT_EQ(note.report->request.withdrawal.results.size(), 1u);
}

TEST_P(EarlierWithdrawals, WhatALostDatabaseDeliveredOfAnImageThatWasMovedIsTakenBack) {
    make_delivery();
    deliver();
    lose_the_database();
    adopt(test::received("1.2.3.4"));
    commit(
        [&](Transaction& t) { instances_.store(t, test::received("1.2.3.4", "7.8.9", "moved", "moved")); });
    EXPECT_EQ(events("results_withdrawn"), 1);
    const auto note = claim_report();
    ASSERT_TRUE(note.report);
    EXPECT_EQ(note.report->request.withdrawal.reason, moved_away);
    EXPECT_EQ(note.report->request.withdrawal.results.size(), 1u);
}

TEST_P(EarlierWithdrawals, WhoseALostDatabasesResultsWereIsAsked) {
    make_delivery();
    deliver();
    lose_the_database();
    const auto next = report_of_adopted({"1.2.3.4", "1.2.3.5"});
    ASSERT_TRUE(next.report);
    ASSERT_EQ(next.report->request.told.size(), 1u);
    EXPECT_EQ(next.report->request.told.front().file, "9.1.2.3.4.dcm");
    auto reply = composed(next.report->claim);
    reply.results.clear();
    reply.error = Error{patient_changed, "another patient's", Retry::never};
    keep(next.report->claim, reply);
    const auto note = claim_report();
    ASSERT_TRUE(note.report);
    EXPECT_EQ(note.report->request.withdrawal.reason, patient_changed);
    EXPECT_EQ(note.report->request.withdrawal.results.size(), 1u);
}

TEST_P(EarlierWithdrawals, WhatWasReportedAnewAfterAWithdrawalGoesOnToBeReported) {
    make_delivery();
    deliver();
    withdraw();
    make_note();
    deliver();
    report_anew();
    lose_the_database();
    EXPECT_FALSE(withdrawn());
    const auto next = report_of_adopted({"1.2.3.4", "1.2.3.5"});
    ASSERT_TRUE(next.report);
    EXPECT_EQ(next.report->request.version, 4);
    EXPECT_EQ(next.report->request.withdrawals, 1)
        << "what is made now has other UIDs than what was withdrawn";
    ASSERT_EQ(next.report->request.predecessors.size(), 1u);
    EXPECT_EQ(next.report->request.predecessors.front().sop_instance_uid, "9.anew");
}

TEST_P(EarlierWithdrawals, AReportFromBeforeAWithdrawalDoesNotUndoIt) {
    make_delivery();
    deliver();
    withdraw();
    back_up();
    receive("2.2.2", "2.2");
    restore_the_backup();
    EXPECT_TRUE(withdrawn());
    EXPECT_EQ(commit([](Transaction& t) { return sql::number(t, "SELECT withdrawals FROM study"); }), 1);
}

TEST_P(EarlierWithdrawals, NoReportReplacesOneThatWasWithdrawn) {
    make_delivery();
    deliver();
    withdraw();
    make_note();
    deliver();
    lose_the_database();
    adopt(test::received("1.2.3.4"));
    keep(*claim_analysis());
    EXPECT_FALSE(claim_report().report);
    commit([](Transaction& t) { return retry_jobs(t, {"analysis", 1, "", ""}, "operator ann"); });
    keep(*claim_analysis());
    const auto next = claim_report();
    ASSERT_TRUE(next.report);
    EXPECT_EQ(next.report->request.version, 3);
    EXPECT_TRUE(next.report->request.predecessors.empty());
}

TEST_P(EarlierWithdrawals, AWithdrawalOfAHilumThatNotedLessStopsTheResults) {
    make_delivery();
    back_up();
    commit([](Transaction& t) {
        t.note_fact({{"fact", "withdrawn"}, {"at", t.at()}, {"study", "1.2.3"}, {"withdrawals", 1}});
        t.append_audit({});
    });
    restore_the_backup();
    EXPECT_FALSE(claim_delivery());
    EXPECT_FALSE(claim_report().report) << "nobody knows what to tell";
    EXPECT_TRUE(withdrawn());
}

}  // namespace
}  // namespace hilum
