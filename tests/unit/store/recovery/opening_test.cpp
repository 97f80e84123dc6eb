#include "store/recovery/opening.h"

#include <gmock/gmock.h>

#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <fstream>
#include <random>

#include "pipeline/asio_world.h"
#include "store/data_history.h"
#include "store/jobs/analyses.h"
#include "store/recovery/earlier_life.h"
#include "store/withdrawals.h"
#include "unit/store/recovery/rebuilding.h"

namespace hilum {
namespace {

namespace fs = std::filesystem;

// A data directory whose database a test damages between two starts.
class Opening : public testing::Test {
  protected:
    Opening() { fs::create_directories(directory_.results()); }

    OpenedDatabase open(bool ended_in_order = false) {
        auto opened = open_database(directory_, ended_in_order, now());
        if (!opened) throw std::runtime_error(opened.error().code + ": " + opened.error().message);
        const auto generation = join_history(world_, opened->database, directory_);
        if (!generation) throw std::runtime_error(generation.error().message);
        return std::move(*opened);
    }
    // Work in many states, so that every table and index has rows.
    void fill(int images = 60) {
        auto opened = open(true);
        const auto store = test::instance_store(folder_);
        for (int i = 0; i < images; ++i) {
            const auto done = opened.database.transact(now(), [&](Transaction& t) {
                store.store(t, test::received(fmt::format("1.2.{}.1", i), fmt::format("1.2.{}", i)));
                if (i % 3 != 0) return;
                auto claimed = claim_analysis(t, "demo", std::chrono::minutes(1));
                AnalysisEnd end;
                end.outcome.result.emplace().diagnosis = "normal";
                keep_outcome(t, *claimed, end);
            });
            ASSERT_TRUE(done);
        }
    }
    std::string bytes() const {
        std::ifstream file(directory_.database(), std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    void write(const std::string& all) const {
        for (const char* suffix : {"-wal", "-shm"}) fs::remove(directory_.database().string() + suffix);
        std::ofstream(directory_.database(), std::ios::binary | std::ios::trunc) << all;
    }
    std::int64_t number(OpenedDatabase& opened, const char* sql) {
        return opened.database.transact(now(), [&](Transaction& t) { return sql::number(t, sql); })
            .value()
            .value_or(-1);
    }
    int set_aside() const {
        int found = 0;
        for (const auto& entry : fs::directory_iterator(directory_.root))
            found += entry.path().filename().string().starts_with("hilum.db.damaged-") ? 1 : 0;
        return found;
    }

    test::TemporaryFolder folder_;
    DataDirectory directory_{folder_.path()};
    boost::asio::io_context loop_;
    AsioWorld world_{loop_};
};

TEST_F(Opening, FindsNothingWhereNothingIsDamaged) {
    fill();
    auto opened = open();
    EXPECT_TRUE(opened.problems.empty());
    EXPECT_TRUE(opened.set_aside.empty());
    EXPECT_EQ(number(opened, "SELECT count(*) FROM instance"), 60);
}

// Each must end in a database that is sound and can be worked with, at once and at every later start.
TEST_F(Opening, SurvivesAnyBit) {
    fill();
    const auto whole = bytes();
    std::mt19937_64 random(7);
    int mended = 0, rebuilt = 0;
    for (int i = 0; i < 60; ++i) {
        auto damaged = whole;
        // Every sixth in the head of the file.
        const auto at = random() % (i % 6 == 0 ? 100 : damaged.size());
        damaged[at] = static_cast<char>(damaged[at] ^ (1 << (random() % 8)));
        write(damaged);
        SCOPED_TRACE(fmt::format("byte {}", at));
        {
            auto opened = open();
            mended += opened.problems.empty() ? 0 : 1;
            rebuilt += opened.rebuilt ? 1 : 0;
            const auto store = test::instance_store(folder_);
            ASSERT_TRUE(opened.database.transact(now(), [&](Transaction& t) {
                store.store(t, test::received("9.9.9", "9.9"));
                return claim_analysis(t, "demo", std::chrono::minutes(1)).has_value();
            }));
            if (!opened.rebuilt) {
                EXPECT_EQ(number(opened, "SELECT count(*) FROM instance"), 61);
            }
        }
        auto again = open();
        EXPECT_TRUE(again.problems.empty()) << again.problems.front();
    }
    EXPECT_GT(mended, 0);
    EXPECT_LT(rebuilt, 60);
}

TEST_F(Opening, SurvivesPagesOfGarbageAndAFileThatIsCut) {
    fill();
    const auto whole = bytes();
    const std::size_t page = 4096;
    for (std::size_t at = page; at + page <= whole.size(); at += 7 * page) {
        auto damaged = whole;
        std::fill_n(damaged.begin() + static_cast<std::ptrdiff_t>(at), page, 'x');
        write(damaged);
        open();
        EXPECT_TRUE(open().problems.empty()) << "page at " << at;
    }
    for (const auto size : {whole.size() / 2, page, std::size_t{50}}) {
        write(whole.substr(0, size));
        open();
        EXPECT_TRUE(open().problems.empty()) << "cut to " << size;
    }
    EXPECT_GT(set_aside(), 0);
}

TEST_F(Opening, KeepsWhatTheTablesHoldWhereAnIndexIsDamaged) {
    fill();
    auto damaged = bytes();
    // A key of the index of instances' files: it is in the table, too, and the second place is changed.
    const auto first = damaged.find("1.2.30.1a.dcm");
    const auto second = damaged.find("1.2.30.1a.dcm", first + 1);
    ASSERT_NE(second, std::string::npos);
    damaged[second] = '9';
    write(damaged);
    auto opened = open();
    EXPECT_FALSE(opened.problems.empty());
    EXPECT_FALSE(opened.rebuilt);
    EXPECT_EQ(number(opened, "SELECT count(*) FROM instance"), 60);
    EXPECT_EQ(number(opened, "SELECT count(*) FROM audit_event WHERE type = 'database_mended'"), 1);
}

TEST_F(Opening, RefusesANewerSchemaUntilAnOperatorSetsItAside) {
    fill();
    {
        auto opened = open();
        ASSERT_TRUE(opened.database.transact(now(), [](Transaction& t) {
            sql::execute(t, "UPDATE schema_version SET version = 99");
            sql::execute(t, "PRAGMA user_version = 99");
        }));
    }
    const auto refused = open_database(directory_, true, now());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, "database_newer");
    EXPECT_THAT(refused.error().message, testing::HasSubstr("hilum database rebuild"));
    const auto name = set_aside_database(directory_, "newer", now());
    ASSERT_TRUE(name);
    EXPECT_TRUE(fs::exists(directory_.root / *name));
    auto opened = open();
    EXPECT_EQ(number(opened, "SELECT count(*) FROM instance"), 0);
}

TEST_F(Opening, GoesOnWhereItWasCutOffBetweenTheTwoMoves) {
    fill();
    open();
    fs::rename(directory_.database(), directory_.database().string() + ".salvaged");
    auto opened = open();
    EXPECT_EQ(number(opened, "SELECT count(*) FROM instance"), 60);
}

TEST_F(Opening, TakesNoCopyThatACutOffSalvageLeftForTheDatabase) {
    fill();
    const auto copy = directory_.database().string() + ".salvaged";
    fs::copy_file(directory_.database(), copy);
    ASSERT_TRUE(set_aside_database(directory_, "set-aside", now()));
    EXPECT_FALSE(fs::exists(copy));
    {
        auto opened = open();
        EXPECT_EQ(number(opened, "SELECT count(*) FROM instance"), 0);
    }
    std::ofstream(copy) << "cut off";
    open();
    EXPECT_FALSE(fs::exists(copy)) << "nor for later";
}

TEST_F(Opening, KeepsNoCopyThatIsOfNoUse) {
    fill();
    auto damaged = bytes();
    // The tables are gone, so that nothing can be copied.
    std::fill(damaged.begin() + 4096, damaged.end(), 'x');
    write(damaged);
    auto opened = open();
    EXPECT_TRUE(opened.rebuilt);
    EXPECT_FALSE(fs::exists(directory_.database().string() + ".salvaged"));
}

// ---- what the journal of facts knows ----

class Rebuilding : public test::Rebuilding {};
HILUM_FOR_ALL_ENGINES(Rebuilding);

TEST_P(Rebuilding, SendsNothingTwice) {
    make_delivery();
    keep(*claim_delivery(), DeliveryOutcome::delivered);
    lose_the_database();
    EXPECT_EQ(adopt(test::received("1.2.3.4")).outcome, Adoption::adopted);
    keep(*claim_analysis());
    const auto next = claim_report();
    ASSERT_TRUE(next.report);
    EXPECT_EQ(next.report->request.version, 1) << "of the same images: the same version, the same UIDs";
    ASSERT_EQ(next.report->request.known_results.size(), 1u);
    EXPECT_TRUE(next.report->request.known_results.front().own);
    keep(next.report->claim, composed(next.report->claim, "9.1.2.3.4"));
    EXPECT_FALSE(claim_delivery());
    EXPECT_EQ(state(Lane::delivery, 1), "delivered");
}

TEST_P(Rebuilding, KnowsWhichHeadOfTheAuditTrailAReportHolds) {
    receive("1.2.3.4", "1.2.3");
    keep(*claim_analysis());
    const auto made = claim_report();
    ASSERT_TRUE(made.report);
    auto reply = composed(made.report->claim, "9.1.2.3.4");
    reply.results.front().audit_head = "a head";
    keep(made.report->claim, reply);
    lose_the_database();
    adopt(test::received("1.2.3.4"));
    keep(*claim_analysis());
    const auto again = claim_report();
    ASSERT_TRUE(again.report);
    ASSERT_EQ(again.report->request.known_results.size(), 1u);
    EXPECT_EQ(again.report->request.known_results.front().audit_head, "a head");
}

TEST_P(Rebuilding, SendsWhatWasNotDelivered) {
    make_delivery();
    lose_the_database();
    adopt(test::received("1.2.3.4"));
    keep(*claim_analysis());
    const auto next = claim_report();
    keep(next.report->claim, composed(next.report->claim, "9.1.2.3.4"));
    EXPECT_TRUE(claim_delivery());
}

TEST_P(Rebuilding, MakesANewVersionWhereAnImageCameSince) {
    make_delivery();
    keep(*claim_delivery(), DeliveryOutcome::delivered);
    lose_the_database();
    const auto next = report_of_adopted({"1.2.3.4", "1.2.3.5"});
    ASSERT_TRUE(next.report);
    EXPECT_EQ(next.report->request.version, 2);
    ASSERT_EQ(next.report->request.predecessors.size(), 1u);
    EXPECT_EQ(next.report->request.predecessors.front().sop_instance_uid, "9.1.2.3.4");
}

TEST_P(Rebuilding, TakesNothingDamagedForWhatWasReceived) {
    receive("1.2.3.4");
    lose_the_database();
    auto other = test::received("1.2.3.4");
    other.dataset_sha256 = "another patient's";
    EXPECT_EQ(adopt(other).outcome, Adoption::damaged);
    EXPECT_FALSE(claim_analysis());
}

TEST_P(Rebuilding, ReportsNothingThatWasWithdrawn) {
    make_delivery();
    keep(*claim_delivery(), DeliveryOutcome::delivered);
    commit([](Transaction& t) { withdraw_results(t, {"1.2.3", "", "safety", ""}, "operator"); });
    lose_the_database();
    adopt(test::received("1.2.3.4"));
    keep(*claim_analysis());
    const auto note = claim_report();
    ASSERT_TRUE(note.report);
    EXPECT_FALSE(note.report->request.withdrawal.reason.empty());
    EXPECT_FALSE(claim_report().report) << "that alone";
}

TEST_P(Rebuilding, TellsWhereTheLostTrailEnded) {
    receive("1.2.3.4");
    const auto mark = commit([](Transaction& t) { return mark_of(t); });
    ASSERT_TRUE(write_mark(world_.files(), directory_, mark));
    lose_the_database();
    EXPECT_EQ(events("database_created"), 1);
    const auto told = commit([](Transaction& t) {
        std::string detail;
        sql::each(t, "SELECT detail FROM audit_event WHERE type = 'database_created'",
                  [&](const sql::Row& row) { detail = row.text(0); });
        return detail;
    });
    EXPECT_NE(told.find(mark.audit_hash), std::string::npos);
}

}  // namespace
}  // namespace hilum
