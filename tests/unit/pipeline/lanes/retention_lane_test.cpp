#include "pipeline/lanes/retention_lane.h"

#include "store/retention/retention_status.h"
#include "unit/pipeline/lanes/lane_fixture.h"

namespace hilum {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class RetentionLaneTest : public test::LaneTest {
  protected:
    RetentionLaneTest() {
        std::filesystem::create_directories(directory_.analyses());
        auto& retention = configuration_.retention;
        retention.budget_kind = BudgetKind::bytes;
        retention.budget = 25;
        retention.keep = hours(1);
    }
    // A study with one object of 10 bytes, received now, with an analysis in this state.
    void receive(int number, JobState state) {
        const auto name = std::to_string(number);
        test::put_in_spool(folder_, name + "a.dcm");
        commit([&](Transaction& t) {
            test::instance_store(folder_).store(t, test::received(name, "1." + name));
            const auto [kept, outcome] = stored(state);
            sql::execute(t, "UPDATE job SET state = ?, outcome = ? WHERE state = 'queued'", kept, outcome);
            sql::execute(t, "UPDATE study SET due_at = NULL");
        });
    }
    bool is_there(int number) {
        return std::filesystem::exists(directory_.spool() / (std::to_string(number) + "a.dcm"));
    }
    // As something that happens tells the audit trail.
    void tell(const char* type) {
        commit([&](Transaction& t) {
            audit::AuditEvent event;
            event.type = type;
            t.append_audit(event);
        });
    }
    nlohmann::json status() {
        return commit([](Transaction& t) { return retention_status(t); });
    }

    Configuration configuration_;
    RetentionLane lane_{world_, commits_, configuration_, directory_, "g"};
};

TEST_F(RetentionLaneTest, TakesTheOldestUntilTheLowWatermark) {
    for (int i = 1; i <= 4; ++i) {
        receive(i, JobState::analysed);
        run_for(seconds(20));
    }
    lane_.start();
    run_for(seconds(30));
    // 40 bytes where 25 may be: down to 22, by two of ten.
    EXPECT_FALSE(is_there(1) || is_there(2));
    EXPECT_TRUE(is_there(3) && is_there(4));
    EXPECT_EQ(status().at("removals_waiting"), 0);
    EXPECT_TRUE(status().at("over_budget_since").is_null());
}

TEST_F(RetentionLaneTest, TellsWhereNothingMayGoAndTakesItOnceItMay) {
    for (int i = 1; i <= 4; ++i) receive(i, JobState::running);
    lane_.start();
    run_for(minutes(5));
    EXPECT_TRUE(is_there(1) && is_there(2) && is_there(3) && is_there(4));
    EXPECT_TRUE(status().at("over_budget_since").is_string());
    commit([](Transaction& t) { sql::execute(t, "UPDATE job SET state = 'done', outcome = 'analysed'"); });
    lane_.wake();
    run_for(minutes(2));
    EXPECT_FALSE(is_there(1));
    EXPECT_TRUE(status().at("over_budget_since").is_null());
}

TEST_F(RetentionLaneTest, UnlinksWhatACrashLeft) {
    test::put_in_spool(folder_, "left.dcm");
    commit([](Transaction& t) {
        sql::execute(t, "INSERT INTO removal(study_id, folder, file) VALUES(1, 'spool', 'left.dcm')");
    });
    const auto stray = directory_.analyses() / "g-1-0.analysis",
               of_this_life = directory_.analyses() / "g-1-1.analysis";
    for (const auto& file : {stray, of_this_life})
        ASSERT_TRUE(write_file_durably(file, std::as_bytes(std::span("x"))));
    lane_.start();
    run_for(seconds(30));
    EXPECT_FALSE(std::filesystem::exists(directory_.spool() / "left.dcm"));
    EXPECT_FALSE(std::filesystem::exists(stray));
    EXPECT_TRUE(std::filesystem::exists(of_this_life));
    EXPECT_EQ(status().at("removals_waiting"), 0);
}

TEST_F(RetentionLaneTest, TellsWhatCannotBeUnlinkedAndTakesFoldersThatAreEmpty) {
    const auto folder = directory_.spool() / "20200101";
    std::filesystem::create_directories(folder / "stays.dcm/x");  // no unlink(2) takes that
    commit([](Transaction& t) {
        sql::execute(t,
                     "INSERT INTO removal(study_id, folder, file) VALUES(1, 'spool', '20200101/stays.dcm')");
    });
    lane_.start([this] { happenings_.push_back(Happening::status_changed); });
    run_for(seconds(30));
    EXPECT_TRUE(lane_.trouble());
    EXPECT_EQ(happenings_.size(), 1u);
    std::filesystem::remove_all(folder / "stays.dcm");
    run_for(hours(2));
    EXPECT_FALSE(lane_.trouble());
    EXPECT_EQ(happenings_.size(), 2u);
    EXPECT_FALSE(std::filesystem::exists(folder));
}

TEST_F(RetentionLaneTest, TrustsAgesOnceTheClockHasRunForAWhile) {
    configuration_.retention.budget_kind = BudgetKind::none;
    receive(1, JobState::analysed);
    lane_.start();
    run_for(minutes(5));
    world_.set_wall_clock(hours(24 * 400));
    run_for(hours(20));
    EXPECT_TRUE(is_there(1)) << "it leapt by more than a day";
    run_for(hours(10));
    EXPECT_FALSE(is_there(1));
}

TEST_F(RetentionLaneTest, AStartDoesNotShortenTheDayOfAClockThatLeapt) {
    configuration_.retention.budget_kind = BudgetKind::none;
    receive(1, JobState::analysed);
    world_.set_wall_clock(hours(24 * 400));
    tell("clock_set");
    run_for(minutes(10));
    tell("node_started");
    RetentionLane restarted{world_, commits_, configuration_, directory_, "g"};
    restarted.start();
    run_for(hours(20));
    EXPECT_TRUE(is_there(1));
    run_for(hours(10));
    EXPECT_FALSE(is_there(1));
}

TEST_F(RetentionLaneTest, TakesNothingWhileTheDatabaseMissesWhatWasAcknowledged) {
    for (int i = 1; i <= 4; ++i) receive(i, JobState::analysed);
    commit([](Transaction& t) {
        sql::execute(t, "INSERT INTO generation(id, since, reason, reconciled) VALUES('g', 1, 'older', 0)");
    });
    run_for(minutes(1));
    lane_.start();
    run_for(hours(2));
    EXPECT_TRUE(is_there(1) && is_there(2) && is_there(3) && is_there(4));
    commit([](Transaction& t) { sql::execute(t, "UPDATE generation SET reconciled = 1"); });
    lane_.wake();
    run_for(minutes(2));
    EXPECT_FALSE(is_there(1));
}

TEST_F(RetentionLaneTest, WaitsADayForWhatTheDatabaseMissesWhateverStartsLieInIt) {
    for (int i = 1; i <= 4; ++i) receive(i, JobState::analysed);
    commit([](Transaction& t) {
        sql::execute(t, "INSERT INTO generation(id, since, reason, reconciled) VALUES('g', 1, 'older', 0)");
    });
    tell("database_older");
    run_for(hours(14));
    tell("node_stopped");
    tell("node_started");
    RetentionLane restarted{world_, commits_, configuration_, directory_, "g"};
    restarted.start();
    run_for(hours(9));
    EXPECT_TRUE(is_there(1));
    run_for(hours(2));
    EXPECT_FALSE(is_there(1));
}

TEST_F(RetentionLaneTest, TakesNothingByAClockThatLeapsDuringAPass) {
    configuration_.retention.budget_kind = BudgetKind::none;
    lane_.start();
    for (int i = 1; i <= 30; ++i) receive(i, JobState::analysed);
    run_for(minutes(59));
    for (int i = 31; i <= 40; ++i) receive(i, JobState::analysed);
    for (int i = 0; i < 500000 && is_there(1); ++i) run_for(std::chrono::milliseconds(2));
    EXPECT_TRUE(is_there(30)) << "the pass is not at its end";
    world_.set_wall_clock(hours(24 * 400));
    run_for(minutes(5));
    EXPECT_TRUE(is_there(40));
}

TEST_F(RetentionLaneTest, SweepsResultsThatNoRowNames) {
    const auto result = [&](const char* name) { return directory_.results() / name; };
    std::filesystem::create_directories(directory_.results());
    for (const auto* name : {"9.1.dcm", "9.2.dcm", "readme"})
        ASSERT_TRUE(write_file_durably(result(name), std::as_bytes(std::span("x"))));
    lane_.start();
    run_for(minutes(40));
    EXPECT_TRUE(std::filesystem::exists(result("9.1.dcm"))) << "it may be on its way into the database";
    receive(1, JobState::running);
    commit([](Transaction& t) {
        sql::execute(t, "INSERT INTO report(id, study_id, model, version) VALUES(1, 1, 'demo', 1)");
        sql::execute(
            t,
            "INSERT INTO result(report_id, kind, sop_class_uid, sop_instance_uid, "
            "series_instance_uid, transfer_syntax_uid, file, sha256, created_at) VALUES(1, 'sr', '', "
            "'9.2', '', '', '9.2.dcm', '', 1)");
    });
    run_for(hours(2));
    EXPECT_FALSE(std::filesystem::exists(result("9.1.dcm")));
    EXPECT_TRUE(std::filesystem::exists(result("9.2.dcm")));
    EXPECT_TRUE(std::filesystem::exists(result("readme")));
    EXPECT_EQ(status().at("removals_waiting"), 0);
}

}  // namespace
}  // namespace hilum
