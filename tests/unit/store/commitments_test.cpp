#include "store/commitments.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "store/destinations.h"
#include "store/instance_store.h"
#include "store/jobs/claim.h"
#include "store/jobs/orders.h"
#include "store/overview/overview.h"
#include "unit/store/test_database.h"

namespace hilum {
namespace {

using namespace std::chrono_literals;

// Two results, delivered to "pacs" and to "archive"; those to "pacs" are to be asked for.
class CommitmentsTest : public testing::Test {
  protected:
    CommitmentsTest() {
        settings_.name = "pacs";
        settings_.storage_commitment = true;
        test::instance_store(folder_).store(database_, test::received("1.2.3.4"));
        database_.execute("INSERT INTO report(study_id, model, version) VALUES(1, 'demo', 1)");
        test::make_job(database_, Lane::report, "", 1, 1, JobState::composed);
        for (const auto* uid : {"1.1", "1.2"}) add_result(uid);
        for (const auto* destination : {"pacs", "archive"})
            for (const int result : {1, 2}) {
                database_.execute("INSERT INTO delivery(result_id, destination) VALUES(?, ?)", result,
                                  destination);
                test::make_job(database_, Lane::delivery, destination, database_.last_id(), 1,
                               JobState::delivered, to_microseconds(now()));
            }
        for (const std::int64_t delivery : {1, 2}) want_commitment(database_, delivery);
        make_due();
    }
    void add_result(const char* uid) {
        database_.execute(
            "INSERT INTO result(report_id, kind, sop_class_uid, sop_instance_uid, series_instance_uid,"
            " transfer_syntax_uid, file, sha256, created_at) VALUES(1, 'sc', '1.5', ?, '1', '1', 'f', 's', "
            "1)",
            uid);
    }
    // So many more results that were delivered to "pacs", and whose commitment is wanted.
    void add_many(int results) {
        database_.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) INSERT INTO result("
            "report_id, kind, sop_class_uid, sop_instance_uid, series_instance_uid, transfer_syntax_uid, "
            "file,"
            " sha256, created_at) SELECT 1, 'sc', '1.5', 'many.' || i, '1', '1', 'f', 's', 1 FROM n",
            results);
        database_.execute(
            "INSERT INTO delivery(result_id, destination) SELECT id, 'pacs' FROM result WHERE"
            " sop_instance_uid LIKE 'many.%'");
        for (const auto* lane : {"deliver/pacs", "commit/pacs"})
            database_.execute(
                "INSERT INTO job(lane, subject, study_id, state, outcome, created_at, updated_at) SELECT ?1,"
                " delivery.id, 1, iif(?1 = 'commit/pacs', 'queued', 'done'), iif(?1 = 'commit/pacs', "
                "'wanted',"
                " 'delivered'), 1, 1 FROM delivery JOIN result ON result.id = result_id WHERE"
                " sop_instance_uid LIKE 'many.%'",
                lane);
    }
    void make_due() { database_.execute("UPDATE job SET due = 1 WHERE kind = 'commitment'"); }
    // What is sent again arrives.
    void arrive(int delivery) { test::set_jobs(database_, Lane::delivery, JobState::delivered, delivery); }
    std::string request() {
        auto claim = claim_commitment(database_, settings_);
        EXPECT_TRUE(claim.request);
        return claim.request ? claim.request->transaction_uid : "";
    }
    nlohmann::json delivery(int id) {
        return database_.select(
            "SELECT job.word AS state, coalesce(asked.outcome, '') AS commitment, commitment_failures AS"
            " failures, commitment_refusals AS refusals, job.error FROM delivery JOIN job ON job.kind = "
            "'delivery' AND job.subject = delivery.id LEFT JOIN job AS asked"
            " ON asked.kind = 'commitment' AND asked.subject = delivery.id WHERE delivery.id = ?",
            id)[0];
    }
    // The destination never tells whether it keeps the first.
    void give_up() {
        request();
        make_due();
        database_.execute("UPDATE job SET created_at = ? WHERE kind = 'commitment' AND subject = 1",
                          to_microseconds(now() - 100h));
        claim_commitment(database_, settings_);
        EXPECT_EQ(delivery(1)["commitment"], "expired");
    }
    std::int64_t audited(const char* type) {
        return database_.number("SELECT count(*) FROM audit_event WHERE type = ?", type).value();
    }

    test::TemporaryFolder folder_;
    test::TestDatabase database_ = test::open_database(folder_);
    DestinationSettings settings_;
};

TEST_F(CommitmentsTest, AsksOnceForAllThatIsWantedOfOneDestination) {
    const auto claim = claim_commitment(database_, settings_);
    ASSERT_TRUE(claim.request);
    ASSERT_EQ(claim.request->instances.size(), 2u);
    EXPECT_EQ(claim.request->instances[0].sop_class_uid, "1.5");
    EXPECT_EQ(claim.request->instances[0].sop_instance_uid, "1.1");
    EXPECT_EQ(destination_of_transaction(database_, claim.request->transaction_uid), "pacs");
    EXPECT_EQ(delivery(1)["commitment"], "requested");
    EXPECT_EQ(delivery(3)["commitment"], "");
    const auto next = claim_commitment(database_, settings_);
    EXPECT_FALSE(next.request);
    EXPECT_GT(next.next_at.value(), to_microseconds(now() + 50min));
}

TEST_F(CommitmentsTest, WaitsALittleForTheOtherResultsOfAStudy) {
    want_commitment(database_, 1);
    want_commitment(database_, 2);
    const auto claim = claim_commitment(database_, settings_);
    EXPECT_FALSE(claim.request);
    EXPECT_LT(claim.next_at.value(), to_microseconds(now() + 5s));
}

TEST_F(CommitmentsTest, AsksAnewUnderAnotherUidWhereNoAnswerCame) {
    const auto first = request();
    make_due();
    EXPECT_NE(request(), first);
    // The late answer to the first counts all the same.
    EXPECT_EQ(destination_of_transaction(database_, first), "pacs");
    keep_commitment_report(database_, {first, {"1.1"}, {}, "PACS", "::1"}, settings_);
    EXPECT_EQ(delivery(1)["commitment"], "committed");
    EXPECT_EQ(delivery(2)["commitment"], "requested");
}

TEST_F(CommitmentsTest, KeepsWhatIsCommitted) {
    keep_commitment_report(database_, {request(), {"1.1", "1.2", "9.9"}, {}, "PACS", "::1"}, settings_);
    for (const int id : {1, 2}) EXPECT_EQ(delivery(id)["commitment"], "committed");
    EXPECT_EQ(delivery(3)["commitment"], "");
    EXPECT_EQ(audited("result_committed"), 2);
    make_due();
    EXPECT_FALSE(claim_commitment(database_, settings_).request);
}

TEST_F(CommitmentsTest, SendsAgainWhatTheDestinationDoesNotKeep) {
    keep_commitment_report(database_, {request(), {"1.2"}, {{"1.1", 0x0112}}, "PACS", "::1"}, settings_);
    EXPECT_EQ(delivery(1)["state"], "queued");
    EXPECT_EQ(delivery(1)["error"],
              "the destination does not keep what it took: 0112, no such object instance");
    EXPECT_EQ(delivery(2)["commitment"], "committed");
    EXPECT_EQ(audited("commitment_failed"), 1);
}

TEST_F(CommitmentsTest, AnAnswerAboutAnEarlierCopySaysNothingOfTheNewOne) {
    const auto first = request();
    const CommitmentReport lost{first, {}, {{"1.1", 0x0112}}, "PACS", "::1"};
    keep_commitment_report(database_, lost, settings_);
    arrive(1);
    want_commitment(database_, 1);
    keep_commitment_report(database_, lost, settings_);  // our response was lost, so it comes again
    EXPECT_EQ(delivery(1)["state"], "delivered");
    EXPECT_EQ(delivery(1)["failures"], 1);
    make_due();
    request();
    keep_commitment_report(database_, lost, settings_);
    EXPECT_EQ(delivery(1)["state"], "delivered");
}

TEST_F(CommitmentsTest, AFailureThatComesAfterTheNextRequestCountsAllTheSame) {
    const auto first = request();
    make_due();
    request();
    keep_commitment_report(database_, {first, {}, {{"1.1", 0x0112}}, "PACS", "::1"}, settings_);
    EXPECT_EQ(delivery(1)["state"], "queued") << "it is sent again";
    EXPECT_EQ(delivery(2)["commitment"], "requested");
}

TEST_F(CommitmentsTest, AResendAsksAnewAndAPauseDoesNotAge) {
    keep_commitment_report(database_, {request(), {"1.1", "1.2"}, {}, "PACS", "::1"}, settings_);
    resend_results(database_, {"1.2.3", "", "pacs"}, "tester");
    EXPECT_EQ(delivery(1)["commitment"], "");
    want_commitment(database_, 2);
    database_.execute("UPDATE job SET created_at = 1 WHERE subject = 2");
    arrive(2);
    pause_destination(database_, "pacs", "tester");
    resume_destination(database_, "pacs", "tester", now());
    make_due();
    EXPECT_TRUE(claim_commitment(database_, settings_).request);
}

TEST_F(CommitmentsTest, AFailureCountsThoughTheDestinationWasPausedMeanwhile) {
    const auto asked = request();
    pause_destination(database_, "pacs", "tester");
    resume_destination(database_, "pacs", "tester", now());
    EXPECT_GT(database_.number("SELECT min(uncounted) FROM job WHERE kind = 'commitment'"), 0);
    keep_commitment_report(database_, {asked, {}, {{"1.1", 0x0112}}, "PACS", "::1"}, settings_);
    EXPECT_EQ(delivery(1)["commitment"], "failed");
    EXPECT_EQ(delivery(1)["state"], "queued");
}

TEST_F(CommitmentsTest, BelievesNoReportThatCallsAnInstanceCommittedAndFailed) {
    keep_commitment_report(database_, {request(), {"1.1", "1.2"}, {{"1.1", 0x0110}}, "PACS", "::1"},
                           settings_);
    EXPECT_EQ(delivery(1)["state"], "queued");
    EXPECT_EQ(delivery(1)["commitment"], "failed");
    EXPECT_EQ(delivery(2)["commitment"], "committed");
    EXPECT_EQ(audited("result_committed"), 1);
}

TEST_F(CommitmentsTest, RefusesNothingForAnArchiveThatIsFullOrSlow) {
    for (int attempt = 1; attempt <= 3 * settings_.refused_attempts; ++attempt) {
        keep_commitment_report(database_,
                               {request(), {}, {{"1.1", attempt % 2 == 0 ? 0x0112 : 0x0213}}, "PACS", "::1"},
                               settings_);
        EXPECT_EQ(delivery(1)["state"], "queued");
        EXPECT_GT(database_.number("SELECT due FROM job WHERE kind = 'delivery' AND subject = 1"),
                  to_microseconds(now() + 1min));
        arrive(1);
        want_commitment(database_, 1);
        make_due();
    }
    keep_commitment_report(database_, {request(), {"1.1"}, {}, "PACS", "::1"}, settings_);
    EXPECT_EQ(delivery(1)["commitment"], "committed");
    EXPECT_EQ(delivery(1)["failures"], 0);
}

TEST_F(CommitmentsTest, CountsAsRefusedWhatIsNeverKept) {
    for (int attempt = 1; attempt <= settings_.refused_attempts; ++attempt) {
        keep_commitment_report(database_, {request(), {}, {{"1.1", 0x0122}}, "PACS", "::1"}, settings_);
        EXPECT_EQ(delivery(1)["state"], attempt < settings_.refused_attempts ? "queued" : "refused");
        if (attempt < settings_.refused_attempts) {
            arrive(1);
            want_commitment(database_, 1);
        }
        make_due();
    }
    EXPECT_EQ(delivery(1)["refusals"], settings_.refused_attempts);
}

TEST_F(CommitmentsTest, ARequestThatWasNotTakenIsMadeAgainLater) {
    const auto refused = claim_commitment(database_, settings_).request.value();
    keep_refused_commitment(database_, "pacs", refused, 10min, "PACS does not offer it");
    EXPECT_EQ(delivery(1)["commitment"], "wanted");
    EXPECT_EQ(delivery(1)["error"], "PACS does not offer it");
    const auto claim = claim_commitment(database_, settings_);
    EXPECT_FALSE(claim.request);
    EXPECT_GT(claim.next_at.value(), to_microseconds(now() + 9min));
}

TEST_F(CommitmentsTest, AsksForWhatIsUrgentFirst) {
    database_.execute("UPDATE job SET urgent = 1, due = 2 WHERE kind = 'commitment' AND subject = 2");
    const auto claim = claim_commitment(database_, settings_);
    ASSERT_TRUE(claim.request);
    ASSERT_EQ(claim.request->instances.size(), 2u);
    EXPECT_EQ(claim.request->instances[0].sop_instance_uid, "1.2");
}

// However much else waits, and is old: what it is not of is not looked at.
TEST_F(CommitmentsTest, ARequestGivesUpNoMoreThanItIsOf) {
    for (int i = 3; i < 3 + most_requested_commitments; ++i) {
        add_result(("1." + std::to_string(i)).c_str());
        database_.execute("INSERT INTO delivery(result_id, destination) VALUES(?, 'pacs')",
                          database_.last_id());
        want_commitment(database_, database_.last_id());
    }
    make_due();
    database_.execute("UPDATE job SET attempt = 1, created_at = ? WHERE kind = 'commitment'",
                      to_microseconds(now() - 100h));
    EXPECT_FALSE(claim_commitment(database_, settings_).request);
    EXPECT_EQ(audited("commitment_failed"), most_requested_commitments);
    EXPECT_LE(claim_commitment(database_, settings_).next_at.value_or(0), 1);
    EXPECT_EQ(audited("commitment_failed"), most_requested_commitments + 2);
}

TEST_F(CommitmentsTest, AsksNobodyWhoIsPaused) {
    pause_destination(database_, "pacs", "tester");
    const auto claim = claim_commitment(database_, settings_);
    EXPECT_FALSE(claim.request);
    EXPECT_FALSE(claim.next_at);
}

TEST_F(CommitmentsTest, GivesUpAskingAndSaysSo) {
    request();
    make_due();
    database_.execute("UPDATE job SET created_at = ? WHERE subject = 1", to_microseconds(now() - 100h));
    const auto claim = claim_commitment(database_, settings_);
    ASSERT_TRUE(claim.request);
    EXPECT_EQ(claim.request->instances.size(), 1u);
    EXPECT_EQ(delivery(1)["commitment"], "expired");
    EXPECT_EQ(delivery(1)["state"], "delivered");
    EXPECT_EQ(audited("commitment_failed"), 1);
}

TEST_F(CommitmentsTest, CountsFromTheDeliveryHoweverLongThatTook) {
    database_.execute("UPDATE job SET created_at = ?1, uncounted = 5 WHERE kind = 'delivery'",
                      to_microseconds(now() - 100h));
    want_commitment(database_, 1);
    request();
    make_due();
    EXPECT_EQ(claim_commitment(database_, settings_).request->instances.size(), 2u);
    EXPECT_EQ(audited("commitment_failed"), 0);
}

TEST_F(CommitmentsTest, GivesUpNothingThatItHasNotAskedForSinceTheDestinationIsBack) {
    request();
    make_due();
    database_.execute("UPDATE job SET created_at = ? WHERE kind = 'commitment'",
                      to_microseconds(now() - 100h));
    ask_commitments_anew(database_, "pacs");
    request();
    EXPECT_EQ(delivery(1)["commitment"], "requested");
    make_due();
    EXPECT_FALSE(claim_commitment(database_, settings_).request) << "it was asked once more";
    EXPECT_EQ(delivery(1)["commitment"], "expired");
}

TEST_F(CommitmentsTest, IsAskedAnewPieceByPiece) {
    add_many(most_taken_up);
    database_.execute("UPDATE job SET attempt = 1 WHERE kind = 'commitment'");
    EXPECT_EQ(ask_commitments_anew(database_, "pacs"), most_taken_up);
    EXPECT_EQ(ask_commitments_anew(database_, "pacs"), 2);
    EXPECT_EQ(ask_commitments_anew(database_, "pacs"), 0);
}

TEST_F(CommitmentsTest, AsksAnewAfterAStartAndForgetsWhatNobodyIsAskedForAnyMore) {
    request();
    take_up_commitments(database_, {"pacs"});
    EXPECT_EQ(delivery(1)["commitment"], "requested");
    EXPECT_EQ(database_.number("SELECT max(attempt) FROM job WHERE kind = 'commitment'"), 0);
    take_up_commitments(database_, {"archive"});
    EXPECT_EQ(delivery(1)["commitment"], "");
}

// ---- what was given up ----

TEST_F(CommitmentsTest, TellsWhatWasGivenUpAsAJob) {
    give_up();
    auto reader = Overview::open(folder_.path() / "hilum.db").value();
    JobFilter expired;
    expired.state = "expired";
    const auto jobs = reader.jobs(expired).value();
    ASSERT_EQ(jobs.size(), 1u) << jobs;
    EXPECT_EQ(jobs[0]["kind"], "commitment");
    EXPECT_EQ(jobs[0]["id"], 1);
    EXPECT_EQ(jobs[0]["destination"], "pacs");
    EXPECT_EQ(jobs[0]["sop_instance_uid"], "1.1");
    EXPECT_EQ(jobs[0]["error"], "the destination never told whether it keeps this");
    EXPECT_EQ(reader.job("commitment", 1).value()["state"], "expired");
    EXPECT_EQ(reader.job("commitment", 2).error().code, "not_found") << "it is asked for";
    EXPECT_EQ(reader.queue().value()["commitment"]["expired"], 1);
    const auto destinations = reader.destinations().value();
    for (const auto& destination : destinations) EXPECT_EQ(destination["refused"], 0) << destination;
    EXPECT_EQ(destinations[1]["name"], "pacs");
    EXPECT_EQ(destinations[1]["unanswered"], 1);
    EXPECT_EQ(destinations[1]["uncommitted"], 1);
    const auto studies = reader.studies({}).value();
    EXPECT_EQ(studies[0]["state"], "failed");
    EXPECT_EQ(studies[0]["error"], "the destination never told whether it keeps this");
}

TEST_F(CommitmentsTest, IsAskedForAgainOnAnOrderAndNothingIsSent) {
    for (const JobSelection& order : {JobSelection{"commitment", 1, "", ""}, JobSelection{"", 0, "1.2.3", ""},
                                      JobSelection{"", 0, "", "A1"}}) {
        give_up();
        EXPECT_EQ(retry_jobs(database_, order, "operator"), 1);
        EXPECT_EQ(delivery(1)["commitment"], "wanted");
        EXPECT_EQ(delivery(1)["state"], "delivered");
        make_due();
    }
    EXPECT_EQ(retry_jobs(database_, {"commitment", 1, "", ""}, "operator"), 0) << "it is asked for";
}

TEST_F(CommitmentsTest, IsGivenUpForGoodOnAnOrder) {
    give_up();
    EXPECT_EQ(discard_jobs(database_, {"commitment", 2, "", ""}, "operator"), 0) << "it is asked for";
    EXPECT_EQ(discard_jobs(database_, {"commitment", 1, "", ""}, "operator"), 1);
    EXPECT_EQ(delivery(1)["commitment"], "");
    EXPECT_EQ(delivery(1)["state"], "delivered");
    want_commitment(database_, 1);
    make_due();
    give_up();
    test::set_jobs(database_, Lane::analysis, JobState::analysed);
    EXPECT_EQ(discard_jobs(database_, {"", 0, "1.2.3", ""}, "operator"), 1);
    EXPECT_EQ(delivery(1)["commitment"], "");
    EXPECT_EQ(delivery(2)["commitment"], "requested");
}

TEST_F(CommitmentsTest, WaitsForNoOperatorOnceNobodyIsAskedAnyMore) {
    give_up();
    take_up_commitments(database_, {"pacs"});
    EXPECT_EQ(delivery(1)["commitment"], "expired");
    take_up_commitments(database_, {});
    EXPECT_EQ(database_.number("SELECT count(*) FROM job WHERE state = 'set_aside'"), 0);
}

TEST_F(CommitmentsTest, KnowsItsTransactions) {
    EXPECT_FALSE(destination_of_transaction(database_, "1.2.3"));
}

}  // namespace
}  // namespace hilum
