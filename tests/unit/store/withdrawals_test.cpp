#include "store/withdrawals.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "store/commitments.h"
#include "store/instance_store.h"
#include "store/jobs/claim.h"
#include "store/jobs/orders.h"
#include "unit/store/test_database.h"

namespace hilum {
namespace {

// A study with a report delivered to "pacs" and still waiting for "archive", and a newer version that is
// queued.
class WithdrawalsTest : public testing::Test {
  protected:
    WithdrawalsTest() {
        test::instance_store(folder_).store(database_, test::received("1.2.3.4"));
        database_.execute("UPDATE study SET report_version = 2, due_at = 1");
        add_report(1, JobState::composed);
        add_report(2, JobState::queued);
        for (const auto* kind : {"sr", "sc"}) {
            database_.execute(
                "INSERT INTO result(report_id, kind, sop_class_uid, sop_instance_uid, series_instance_uid,"
                " transfer_syntax_uid, file, sha256, created_at) VALUES(1, ?1, '1.5', '2.' || ?1, '3.' || "
                "?1, '1',"
                " 'f', 's', 1)",
                kind);
        }
        for (const int result : {1, 2}) {
            add_delivery(result, "pacs", JobState::delivered, 1);
            add_delivery(result, "archive", JobState::queued, 0);
        }
    }
    void add_report(int version, JobState state) {
        database_.execute("INSERT INTO report(study_id, model, version) VALUES(1, 'demo', ?)", version);
        test::make_job(database_, Lane::report, "", database_.last_id(), 1, state);
    }
    void add_delivery(int result, const char* destination, JobState state, int tried) {
        database_.execute("INSERT INTO delivery(result_id, destination, tried) VALUES(?, ?, ?)", result,
                          destination, tried);
        test::make_job(database_, Lane::delivery, destination, database_.last_id(), 1, state);
    }
    int withdraw(const std::string& reason = "quality") {
        return withdraw_results(database_, {"1.2.3", "", reason, "wrong model"}, "tester");
    }
    std::int64_t count(const char* condition_sql) { return database_.number(condition_sql).value(); }

    test::TemporaryFolder folder_;
    test::TestDatabase database_ = test::open_database(folder_);
};

TEST_F(WithdrawalsTest, NamesWhatADestinationMayHaveAndSendsNothingMore) {
    EXPECT_EQ(withdraw(), 1);
    EXPECT_TRUE(is_withdrawn(database_, 1));
    EXPECT_EQ(count("SELECT count(*) FROM job WHERE lane = 'deliver/archive' AND word = 'discarded'"), 2);
    EXPECT_EQ(count("SELECT count(*) FROM job WHERE lane = 'deliver/pacs' AND word = 'delivered'"), 2);
    EXPECT_EQ(test::count_jobs(database_, Lane::report, JobState::discarded), 1) << "that of version 2";
    const auto withdrawal = withdrawal_of(database_, 3);
    EXPECT_EQ(withdrawal.reason, "quality");
    EXPECT_EQ(withdrawal.note, "wrong model");
    ASSERT_EQ(withdrawal.results.size(), 2u);
    EXPECT_EQ(withdrawal.results[0].sop_instance_uid, "2.sr");
    EXPECT_EQ(withdrawal.results[0].series_instance_uid, "3.sr");
    EXPECT_EQ(withdrawal.results[1].kind, ResultKind::sc);
    for (const auto& result : withdrawal.results)
        EXPECT_EQ(result.destinations, std::vector<std::string>{"pacs"});
    EXPECT_EQ(count("SELECT count(*) FROM audit_event WHERE type = 'results_withdrawn'"), 1);
}

TEST_F(WithdrawalsTest, SayWhichFilesTellWhoseTheResultsWere) {
    database_.execute("UPDATE result SET removed_at = 1 WHERE kind = 'sc'");
    withdraw();
    const auto withdrawal = withdrawal_of(database_, 3);
    EXPECT_EQ(withdrawal.results[0].file, "f");
    EXPECT_EQ(withdrawal.results[0].sha256, "s");
    EXPECT_EQ(withdrawal.results[1].file, "") << "retention took it";
}

TEST_F(WithdrawalsTest, AreShownBeforeTheyAreMadeAndChangeNothingThen) {
    const auto preview = preview_of_withdrawal(database_, {"1.2.3", "", "", ""});
    ASSERT_EQ(preview.size(), 1u);
    EXPECT_EQ(preview[0]["study_instance_uid"], "1.2.3");
    EXPECT_EQ(preview[0]["reports"],
              nlohmann::json::parse(R"([{"model": "demo", "version": 1, "state": "composed"},
                                        {"model": "demo", "version": 2, "state": "queued"}])"));
    EXPECT_EQ(preview[0]["notes_to"], nlohmann::json{"pacs"});
    EXPECT_EQ(preview[0]["not_sent"], 2);
    EXPECT_FALSE(is_withdrawn(database_, 1));
    EXPECT_EQ(withdraw(), 1);
    EXPECT_TRUE(preview_of_withdrawal(database_, {"1.2.3", "", "", ""}).empty());
    EXPECT_TRUE(preview_of_withdrawal(database_, {"9.9", "", "", ""}).empty());
}

TEST_F(WithdrawalsTest, AreOfTheStudyThatHasBothWhereBothAreNamed) {
    database_.execute(
        "INSERT INTO study(study_instance_uid, accession_number, due_at, created_at) VALUES('9.9', 'A2', 1, "
        "1)");
    for (const auto& [study, accession] : {std::pair{"1.2.3", "A2"}, {"9.9", "A1"}, {"7.7", "A1"}}) {
        EXPECT_TRUE(preview_of_withdrawal(database_, {study, accession, "", ""}).empty()) << study;
        EXPECT_EQ(withdraw_results(database_, {study, accession, "quality", ""}, "tester"), 0) << study;
    }
    EXPECT_FALSE(is_withdrawn(database_, 1));
    EXPECT_EQ(preview_of_withdrawal(database_, {"9.9", "A2", "", ""}).size(), 1u);
    EXPECT_EQ(withdraw_results(database_, {"1.2.3", "A1", "quality", ""}, "tester"), 1);
    EXPECT_TRUE(is_withdrawn(database_, 1));
}

TEST_F(WithdrawalsTest, WhatWasTriedMayHaveArrived) {
    database_.execute("UPDATE delivery SET tried = 1 WHERE destination = 'archive' AND result_id = 1");
    withdraw();
    EXPECT_EQ(withdrawal_of(database_, 3).results[0].destinations,
              (std::vector<std::string>{"archive", "pacs"}));
}

TEST_F(WithdrawalsTest, WhatIsBeingSentAgainWasSentBefore) {
    resend_results(database_, {"1.2.3", "", ""}, "tester");
    withdraw();
    EXPECT_EQ(withdrawal_of(database_, 3).results.size(), 2u);
}

TEST_F(WithdrawalsTest, WaitsForNoCommitmentToWhatIsWithdrawn) {
    DestinationSettings pacs;
    pacs.name = "pacs";
    want_commitment(database_, 1);
    withdraw();
    want_commitment(database_, 1);  // it was on its way
    EXPECT_EQ(count("SELECT count(*) FROM job WHERE kind = 'commitment' AND outcome != ''"), 0);
    const auto claim = claim_commitment(database_, pacs);
    EXPECT_FALSE(claim.request);
    EXPECT_FALSE(claim.next_at);
}

TEST_F(WithdrawalsTest, StopsAReportThatIsBeingMadeOrIsDue) {
    database_.execute("DELETE FROM job WHERE kind = 'delivery'");
    database_.execute("DELETE FROM delivery");
    database_.execute("DELETE FROM result");
    test::set_jobs(database_, Lane::report, JobState::running);
    EXPECT_EQ(withdraw(), 1);
    EXPECT_EQ(test::count_jobs(database_, Lane::report, JobState::discarded), 2);
    EXPECT_TRUE(is_withdrawn(database_, 1));
    EXPECT_EQ(withdraw(), 0);
    database_.execute("UPDATE study SET due_at = 1, withdrawn_at = NULL");
    EXPECT_EQ(withdraw(), 1);
    EXPECT_EQ(count("SELECT count(*) FROM study WHERE due_at IS NULL"), 1);
}

TEST_F(WithdrawalsTest, ARetryRevivesNoReportOfAnotherModel) {
    database_.execute("UPDATE report SET model = 'other' WHERE version = 2");
    test::set_jobs(database_, Lane::report, JobState::quarantined, 2);
    EXPECT_EQ(withdraw(), 1);
    retry_jobs(database_, {"", 0, "1.2.3", ""}, "tester");
    EXPECT_EQ(count("SELECT count(*) FROM report JOIN job ON job.kind = 'report' AND subject = report.id "
                    "WHERE model ="
                    " 'other' AND state = 'queued'"),
              0);
}

TEST_F(WithdrawalsTest, ASecondOneHasNothingLeftToTakeBack) {
    withdraw();
    EXPECT_EQ(withdraw(), 0);
    EXPECT_EQ(withdraw_results(database_, {"9.9.9", "", "quality", ""}, "tester"), 0);
}

TEST_F(WithdrawalsTest, ResultsAfterItAreWithdrawnByTheNextOneAlone) {
    withdraw();
    add_report(4, JobState::composed);
    database_.execute(
        "INSERT INTO result(report_id, kind, sop_class_uid, sop_instance_uid, series_instance_uid,"
        " transfer_syntax_uid, file, sha256, created_at) VALUES(4, 'sr', '1.5', '2.new', '3.new', '1', 'f', "
        "'s', 1)");
    add_delivery(3, "pacs", JobState::delivered, 1);
    database_.execute("UPDATE study SET report_version = 4");
    EXPECT_EQ(withdraw("safety"), 1);
    const auto second = withdrawal_of(database_, 5);
    ASSERT_EQ(second.results.size(), 1u);
    EXPECT_EQ(second.results[0].sop_instance_uid, "2.new");
    EXPECT_EQ(second.reason, "safety");
    EXPECT_EQ(count("SELECT withdrawals FROM study"), 2);
}

TEST_F(WithdrawalsTest, NeitherARetryNorAResendBringsThemBack) {
    withdraw();
    resend_results(database_, {"1.2.3", "", ""}, "tester");
    retry_jobs(database_, {"delivery", 2, "", ""}, "tester");
    retry_jobs(database_, {"", 0, "1.2.3", ""}, "tester");
    EXPECT_EQ(test::count_jobs(database_, Lane::delivery, JobState::queued), 0);
    EXPECT_TRUE(is_withdrawn(database_, 1));
}

TEST_F(WithdrawalsTest, WhatWasBeingSentWhenTheNodeDiedIsNotSentAgain) {
    database_.execute(
        "UPDATE job SET state = 'running', attempt = 1, owner = 0 WHERE lane = 'deliver/archive'");
    withdraw();
    take_up_all(database_);
    EXPECT_EQ(count("SELECT count(*) FROM job WHERE lane = 'deliver/archive' AND word = 'discarded'"), 2);
}

TEST_F(WithdrawalsTest, AnAnalysisThatIsAskedForAgainIsReportedAnew) {
    test::set_jobs(database_, Lane::analysis, JobState::analysed);
    withdraw();
    retry_jobs(database_, {"analysis", 1, "", ""}, "tester");
    EXPECT_FALSE(is_withdrawn(database_, 1));
    EXPECT_EQ(count("SELECT count(*) FROM study WHERE due_at IS NOT NULL"), 1);
}

}  // namespace
}  // namespace hilum
