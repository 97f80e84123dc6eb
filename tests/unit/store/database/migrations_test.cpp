// From a database whose jobs lay in three tables, with a full queue, to the one that has one queue.
#include "store/database/migrations.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>

#include "store/commitments.h"
#include "store/jobs/claim.h"
#include "store/jobs/delivery_order.h"
#include "store/overview/overview.h"
#include "unit/store/test_database.h"

namespace hilum {
namespace {

using testing::ElementsAre;
using namespace std::chrono_literals;

constexpr std::size_t before_the_queue = 9;  // the version

// Study 1 is urgent, study 2 is not, the results of study 3 were withdrawn.
constexpr const char* full_queue = R"(
INSERT INTO study(id, study_instance_uid, accession_number, created_at, urgent_at, withdrawn_at) VALUES
    (1, '1.1', 'A1', 1, NULL, NULL), (2, '1.2', 'A2', 1, NULL, NULL), (3, '1.3', 'A3', 1, NULL, 5);
INSERT INTO instance(id, study_id, sop_instance_uid, sop_class_uid, series_instance_uid, transfer_syntax_uid, modality,
                     file, size, dataset_sha256, analysis_sha256, calling_ae, peer, state, version, received_at)
    SELECT value, CASE value WHEN 8 THEN 1 WHEN 7 THEN 3 ELSE 2 END, '5.' || value, '1', '1', '1', 'CR', 'f' || value,
           1, 'd', 'a', 'PACS', '::1', 'to_analyse', 1, 10 FROM json_each('[1,2,3,4,5,6,7,8,9]');
INSERT INTO analysis(id, instance_id, model, state, attempts, next_attempt_at, lease_until, error_code, error, outcome,
                     created_at, updated_at) VALUES
    (1, 1, 'demo', 'queued', 1, 100, NULL, 'timeout', 'it took too long', NULL, 20, 21),
    (2, 2, 'demo', 'queued', 0, 50, NULL, '', '', NULL, 22, 22),
    (3, 3, 'demo', 'running', 2, 40, 9000, '', '', NULL, 23, 24),
    (4, 4, 'demo', 'analysed', 1, 30, NULL, '', '', '{"result": {"diagnosis": "normal"}}', 25, 26),
    (5, 5, 'demo', 'not_analysed', 1, 30, NULL, '', '', '{"not_analysed": {"message": "no"}}', 27, 28),
    (6, 6, 'demo', 'quarantined', 3, 30, NULL, 'process_died', 'the decoder died', NULL, 29, 30),
    (7, 7, 'demo', 'discarded', 0, 30, NULL, '', 'a newer version of the instance came', NULL, 31, 32),
    (8, 8, 'demo', 'queued', 0, 200, NULL, '', '', NULL, 33, 33),
    (9, 9, 'demo', 'queued', 0, 100, NULL, '', '', NULL, 34, 34);
INSERT INTO report(id, study_id, model, version, state, attempts, next_attempt_at, lease_until, error_code, error,
                   created_at, updated_at, kind, withdrawn) VALUES
    (1, 2, 'demo', 1, 'composed', 1, 40, NULL, '', '', 40, 41, 'results', 0),
    (2, 2, 'demo', 2, 'queued', 0, 60, NULL, '', '', 42, 42, 'results', 0),
    (3, 1, 'demo', 1, 'running', 1, 60, 9000, '', '', 43, 44, 'results', 0),
    (4, 1, 'other', 1, 'quarantined', 1, 60, NULL, 'template_violation', 'a code is missing', 45, 46, 'results', 0),
    (5, 3, 'demo', 1, 'composed', 1, 60, NULL, '', '', 47, 48, 'results', 2),
    (6, 3, 'demo', 2, 'queued', 0, 50, NULL, '', '', 49, 49, 'withdrawal', 0),
    (7, 3, 'demo', 3, 'discarded', 0, 50, NULL, '', 'the results were withdrawn', 50, 50, 'results', 2);
INSERT INTO result(id, report_id, kind, sop_class_uid, sop_instance_uid, series_instance_uid, transfer_syntax_uid, file,
                   sha256, created_at)
    SELECT value, iif(value = 9, 5, 1), 'sc', '1', '9.' || value, '1', '1', 'f', 's', 1
    FROM json_each('[1,2,3,4,5,6,7,8,9]');
INSERT INTO delivery(id, result_id, destination, state, attempts, next_attempt_at, lease_until, error, created_at,
                     updated_at, refusals, tried, uncounted, commitment, commitment_at, commitment_transaction) VALUES
    (1, 1, 'pacs', 'delivered', 1, 0, NULL, '', 70, 71, 0, 1, 0, 'committed', 72, '4.1'),
    (2, 2, 'pacs', 'delivered', 1, 0, NULL, '', 70, 71, 0, 1, 0, 'wanted', 80, ''),
    (3, 3, 'pacs', 'delivered', 1, 0, NULL, '', 70, 71, 0, 1, 5, 'requested', 90, '4.2'),
    (4, 4, 'pacs', 'queued', 1, 300, NULL, 'it lost it', 70, 71, 1, 1, 0, 'failed', 72, '4.1'),
    (5, 5, 'pacs', 'refused', 3, 0, NULL, 'C000', 73, 74, 3, 1, 0, '', NULL, ''),
    (6, 6, 'pacs', 'expired', 9, 0, NULL, 'nobody listens', 75, 76, 0, 1, 0, '', NULL, ''),
    (7, 7, 'pacs', 'running', 4, 100, 9000, 'busy', 77, 78, 0, 1, 0, '', NULL, ''),
    (8, 8, 'pacs', 'queued', 0, 250, NULL, '', 79, 79, 0, 0, 7, '', NULL, ''),
    (9, 9, 'pacs', 'running', 1, 100, 9000, '', 80, 80, 0, 1, 0, '', NULL, ''),
    (10, 9, 'archive', 'discarded', 0, 100, NULL, 'the results were withdrawn', 81, 81, 0, 0, 0, '', NULL, ''),
    (11, 1, 'archive', 'queued', 0, 100, NULL, '', 82, 82, 0, 0, 0, '', NULL, ''),
    (12, 3, 'archive', 'delivered', 1, 0, NULL, '', 70, 71, 0, 1, 0, 'failed', 72, '4.3');
INSERT INTO destination(name, paused_at, paused_by) VALUES('archive', 3, 'operator');
INSERT INTO commitment(transaction_uid, destination, requested_at) VALUES('4.1', 'pacs', 1), ('4.2', 'pacs', 2);
UPDATE study SET urgent_at = 4 WHERE id = 1;
)";

class MigrationsTest : public testing::Test {
  protected:
    MigrationsTest() {
        SQLite::Database old((folder_.path() / "hilum.db").string(),
                             SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
        for (std::size_t i = 0; i < before_the_queue; ++i) old.exec(migrations()[i]);
        old.exec("PRAGMA user_version = " + std::to_string(before_the_queue));
        old.exec(full_queue);
    }
    // Opened by the program of today.
    void SetUp() override {
        const auto before = Overview::open(folder_.path() / "hilum.db");
        ASSERT_FALSE(before);
        EXPECT_EQ(before.error().code, "schema_older");
        auto opened = Database::open(folder_.path() / "hilum.db", Database::Access::read_write);
        ASSERT_TRUE(opened) << opened.error().message;
        database_ = std::make_unique<test::TestDatabase>(std::move(*opened));
    }
    Overview overview() { return std::move(*Overview::open(folder_.path() / "hilum.db")); }
    // What `hilum jobs` says of each job of the kind, by number.
    std::vector<std::string> told(const char* kind) {
        std::map<std::int64_t, std::string> all;
        const auto jobs = overview().jobs({}).value();
        for (const auto& job : jobs) {
            if (job.at("kind") != kind) continue;
            const auto microseconds = [&](const char* key) {
                return job.at(key).is_null() ? std::string("-")
                                             : job.at(key).get<std::string>().substr(23, 3);
            };
            auto& line = all[job.at("id")];
            line = fmt::format("{} {} due {} made {} changed {}", job.at("state").get<std::string>(),
                               job.at("attempts").get<int>(), microseconds("next_attempt_at"),
                               microseconds("created_at"), microseconds("updated_at"));
            if (job.at("error") != "") line += ": " + job.at("error").get<std::string>();
            if (!job.at("commitment").is_null() && job.at("commitment") != "")
                line += " [" + job.at("commitment").get<std::string>() + "]";
        }
        std::vector<std::string> lines;
        for (const auto& [id, line] : all) lines.push_back(std::to_string(id) + " " + line);
        return lines;
    }
    // The numbers of the jobs in the order in which they are claimed.
    std::vector<std::int64_t> claimed(Lane lane, const char* queue) {
        std::vector<std::int64_t> order;
        while (const auto claim = claim_next(*database_, lane, queue, 1min)) order.push_back(claim->job());
        return order;
    }
    std::vector<std::int64_t> sent(const char* destination) {
        std::vector<std::int64_t> order;
        for (const auto attempts : {Attempts::first, Attempts::again})
            while (const auto row = next_delivery(*database_, destination, attempts))
                order.push_back(claim_row(*database_, Lane::delivery, destination, *row, 1min).job());
        return order;
    }
    std::string plan(const std::string& query) {
        std::string plan;
        for (const auto& step : database_->select("EXPLAIN QUERY PLAN " + query))
            plan += step["detail"].get<std::string>() + "\n";
        return plan;
    }

    test::TemporaryFolder folder_;
    std::unique_ptr<test::TestDatabase> database_;
};

TEST_F(MigrationsTest, LeaveEachAnalysisAndReportInItsStateAndUnderItsNumber) {
    EXPECT_THAT(
        told("analysis"),
        ElementsAre("1 queued 1 due 100 made 020 changed 021: it took too long",
                    "2 queued 0 due 050 made 022 changed 022", "3 running 2 due 040 made 023 changed 024",
                    "4 analysed 1 due 030 made 025 changed 026",
                    "5 not_analysed 1 due 030 made 027 changed 028",
                    "6 quarantined 3 due 030 made 029 changed 030: the decoder died",
                    "7 discarded 0 due 030 made 031 changed 032: a newer version of the instance came",
                    "8 queued 0 due 200 made 033 changed 033", "9 queued 0 due 100 made 034 changed 034"));
    EXPECT_THAT(
        told("report"),
        ElementsAre("1 composed 1 due 040 made 040 changed 041", "2 queued 0 due 060 made 042 changed 042",
                    "3 running 1 due 060 made 043 changed 044",
                    "4 quarantined 1 due 060 made 045 changed 046: a code is missing",
                    "5 composed 1 due 060 made 047 changed 048", "6 queued 0 due 050 made 049 changed 049",
                    "7 discarded 0 due 050 made 050 changed 050: the results were withdrawn"));
    EXPECT_EQ(database_->number("SELECT count(*) FROM job WHERE subject = 6 AND error_code = 'process_died'"),
              1);
}

TEST_F(MigrationsTest, KnowTheCallersOfEachStudy) {
    EXPECT_EQ(
        database_->number("SELECT count(*) FROM study_caller WHERE calling_ae = 'PACS' AND to_serve = 0 "
                          "AND study_instance_uid IN ('1.1', '1.2', '1.3')"),
        3);
}

TEST_F(MigrationsTest, LeaveEachDeliveryInItsStateWithWhatItsDestinationCommittedItselfTo) {
    EXPECT_THAT(
        told("delivery"),
        ElementsAre("1 delivered 1 due - made 070 changed 071 [committed]",
                    "2 delivered 1 due - made 070 changed 071 [wanted]",
                    "3 delivered 1 due - made 070 changed 071 [requested]",
                    "4 queued 1 due 300 made 070 changed 071: it lost it [failed]",
                    "5 refused 3 due - made 073 changed 074: C000",
                    "6 expired 9 due - made 075 changed 076: nobody listens",
                    "7 running 4 due 100 made 077 changed 078: busy",
                    "8 queued 0 due 250 made 079 changed 079", "9 running 1 due 100 made 080 changed 080",
                    "10 discarded 0 due 100 made 081 changed 081: the results were withdrawn",
                    "11 queued 0 due 100 made 082 changed 082",
                    "12 delivered 1 due - made 070 changed 071 [expired]"));
    EXPECT_EQ(database_->number("SELECT count(*) FROM job WHERE state = 'set_aside' AND kind = 'commitment'"),
              1)
        << "what is sent again waits for no operator";
    EXPECT_EQ(database_->number("SELECT uncounted FROM job WHERE lane = 'deliver/pacs' AND subject = 8"), 7);
    EXPECT_EQ(database_->number("SELECT refusals FROM delivery WHERE id = 5"), 3);
}

TEST_F(MigrationsTest, CountAsBefore) {
    EXPECT_EQ(overview().queue().value(), nlohmann::json::parse(R"({
        "analysis": {"queued": 4, "running": 1, "analysed": 1, "not_analysed": 1, "quarantined": 1, "discarded": 1},
        "report": {"queued": 2, "running": 1, "composed": 2, "quarantined": 1, "discarded": 1},
        "delivery": {"queued": 3, "running": 2, "delivered": 4, "refused": 1, "expired": 1, "discarded": 1},
        "commitment": {"expired": 1}})"));
    EXPECT_EQ(overview().destinations().value(), nlohmann::json::parse(R"([
        {"name": "archive", "waiting": 1, "delivered": 1, "refused": 0, "committed": 0, "uncommitted": 0, "unanswered": 1,
         "last_error": "", "last_error_at": null, "paused_at": "1970-01-01T00:00:00.000003Z"},
        {"name": "pacs", "waiting": 4, "delivered": 3, "refused": 2, "committed": 1, "uncommitted": 2, "unanswered": 0,
         "last_error": "busy", "last_error_at": "1970-01-01T00:00:00.000078Z", "paused_at": null}])"));
    std::map<std::string, std::string> states;
    const auto studies = overview().studies({}).value();
    for (const auto& study : studies) states[study.at("study_instance_uid")] = study.at("state");
    EXPECT_EQ(states, (std::map<std::string, std::string>{
                          {"1.1", "failed"}, {"1.2", "failed"}, {"1.3", "withdrawn"}}));
}

TEST_F(MigrationsTest, GiveEachQueueTheOrderOfTheStudies) {
    EXPECT_THAT(claimed(Lane::analysis, "demo"), ElementsAre(8, 1, 2, 9))
        << "urgent, by study, then by number";
    EXPECT_THAT(claimed(Lane::report, ""), ElementsAre(2, 6));
    EXPECT_THAT(sent("pacs"), ElementsAre(8, 4)) << "what was never tried goes before";
    EXPECT_THAT(sent("archive"), ElementsAre(11));
}

// What status and metrics ask, however many wait.
TEST_F(MigrationsTest, LetWhatFailedBeFoundWithoutALookAtWhatWaits) {
    const auto failed = plan(
        "SELECT error FROM job WHERE lane = 'deliver/' || ?1 AND kind = 'delivery' AND error != '' AND state "
        "!= 'discarded' ORDER BY error_at DESC LIMIT 1");
    EXPECT_THAT(failed, testing::HasSubstr("job USING INDEX job_failing (lane=?)"));
    EXPECT_THAT(failed, testing::Not(testing::HasSubstr("B-TREE")));
    EXPECT_THAT(plan("SELECT kind, count(*) FROM job WHERE state = 'queued' AND troubles > 0 GROUP BY kind"),
                testing::HasSubstr("job_held_up"));
}

// However many wait: no sorting, and what is not due is passed over within the index.
TEST_F(MigrationsTest, LetTheNextJobBeFoundByItsIndexAlone) {
    const auto next = plan(
        "SELECT id FROM job WHERE state = 'queued' AND lane = ?1 AND due <= ?2 AND (?1 != 'compose' OR "
        "(study_id NOT IN (SELECT value FROM json_each(?4)) AND NOT EXISTS (SELECT 1 FROM job AS other WHERE "
        "other.study_id = job.study_id AND other.lane = ?1 AND other.state = 'running'))) ORDER BY urgent "
        "DESC, study_id, id LIMIT 1");
    EXPECT_THAT(next, testing::HasSubstr("job USING INDEX job_order (lane=?)"));
    EXPECT_THAT(next, testing::HasSubstr("other USING INDEX job_study (study_id=?)"));
    EXPECT_THAT(next, testing::Not(testing::HasSubstr("B-TREE")));
    const auto first = plan(
        "SELECT id FROM job WHERE state = 'queued' AND kind = 'delivery' AND attempt = 0 AND lane = ?1 AND "
        "due <= ?2 ORDER BY urgent DESC, study_id, id LIMIT 1");
    EXPECT_THAT(first, testing::HasSubstr("job USING INDEX job_first_attempt (lane=?)"));
    EXPECT_THAT(first, testing::Not(testing::HasSubstr("B-TREE")));
    const auto again = plan(
        "SELECT id FROM job WHERE state = 'queued' AND kind = 'delivery' AND attempt > 0 AND lane = ?1 AND "
        "due <= ?2 ORDER BY urgent * (attempt < 8) DESC, due, id LIMIT 1");
    EXPECT_THAT(again, testing::HasSubstr("INDEX job_tried (lane=?)"));
    EXPECT_THAT(again, testing::Not(testing::HasSubstr("B-TREE")));
}

// A start, and a request for commitment: however many jobs there are, and wait.
TEST_F(MigrationsTest, LetAStartAndARequestForCommitmentFindTheirsByIndices) {
    EXPECT_THAT(plan("SELECT id FROM job WHERE state = 'queued' AND lane = ?1 AND urgent = ?2 AND due <= ?3 "
                     "ORDER BY due, id LIMIT ?4"),
                testing::AllOf(testing::HasSubstr("job_queue (lane=? AND urgent=? AND due<?)"),
                               testing::Not(testing::HasSubstr("B-TREE"))));
    const auto left = plan(
        "UPDATE job SET outcome = '' WHERE state = 'set_aside' AND lane IN (SELECT lane FROM job_total WHERE "
        "kind = 'commitment')");
    EXPECT_THAT(left, testing::HasSubstr("job USING INDEX job_set_aside (lane=?)"));
}

TEST_F(MigrationsTest, LeaveWhatWasInterruptedToTheNextStart) {
    take_up_all(*database_);
    EXPECT_EQ(told("analysis")[2].substr(0, 10), "3 queued 2");
    EXPECT_EQ(told("report")[2].substr(0, 10), "3 queued 1");
    EXPECT_EQ(told("delivery")[6].substr(0, 10), "7 queued 4");
    EXPECT_EQ(told("delivery")[8].substr(0, 11), "9 discarded") << "it was withdrawn";
}

TEST_F(MigrationsTest, StillAwaitWhatWasWantedOrRequested) {
    DestinationSettings pacs;
    pacs.name = "pacs";
    keep_commitment_report(*database_, {"4.2", {"9.3"}, {}, "PACS", "::1"}, pacs);
    EXPECT_THAT(told("delivery")[2], testing::HasSubstr("[committed]"));
    pacs.give_up_after = Duration::max() / 2;
    const auto claim = claim_commitment(*database_, pacs);
    ASSERT_TRUE(claim.request);
    ASSERT_EQ(claim.request->instances.size(), 1u);
    EXPECT_EQ(claim.request->instances[0].sop_instance_uid, "9.2");
}

}  // namespace
}  // namespace hilum
