#include "store/job_state.h"

#include <gtest/gtest.h>

#include "base/clock.h"
#include "store/instance_store.h"
#include "unit/store/test_database.h"

namespace hilum {
namespace {

using test::open_database;
using test::received;
using test::TemporaryFolder;

class JobStateTest : public testing::Test {
  protected:
    JobStateTest() {
        store_.store(database_, received("1.2.3.4"));
        database_.execute("UPDATE analysis SET state = 'running', attempts = 1");
    }
    std::string state() { return database_.select("SELECT state FROM analysis WHERE id = 1")[0]["state"]; }

    TemporaryFolder folder_;
    test::TestDatabase database_ = open_database(folder_);
    InstanceStore store_ = test::instance_store(folder_);
    RetrySettings retry_;
};

TEST_F(JobStateTest, ARestartTakesUpWhatWasRunning) {
    recover_jobs(database_, retry_);
    EXPECT_EQ(state(), "queued");
    EXPECT_EQ(database_.number("SELECT attempts FROM analysis"), 1);
}

TEST_F(JobStateTest, AJobThatEveryRestartInterruptsIsQuarantined) {
    database_.execute("UPDATE analysis SET attempts = 1000");
    recover_jobs(database_, retry_);
    EXPECT_EQ(state(), "quarantined");
}

TEST_F(JobStateTest, AFailureThatMayPassIsRetriedLater) {
    EXPECT_EQ(fail_job(database_, JobTable::analysis, 1, {"x", "died", Retry::later}, retry_), "queued");
    EXPECT_GT(database_.number("SELECT next_attempt_at FROM analysis").value(), to_microseconds(now()));
}

TEST_F(JobStateTest, TheLastAttemptQuarantines) {
    database_.execute("UPDATE analysis SET attempts = ?", retry_.max_attempts);
    EXPECT_EQ(fail_job(database_, JobTable::analysis, 1, {"x", "died", Retry::later}, retry_), "quarantined");
    EXPECT_EQ(database_.number("SELECT value FROM counter WHERE name = 'jobs_quarantined'"), 1);
}

TEST_F(JobStateTest, AFailureThatCannotPassQuarantinesAtOnce) {
    EXPECT_EQ(fail_job(database_, JobTable::analysis, 1, {"x", "bad", Retry::never}, retry_), "quarantined");
}

TEST_F(JobStateTest, AJobTakenAwayMeanwhileStaysAway) {
    database_.execute("UPDATE analysis SET state = 'discarded'");
    EXPECT_EQ(fail_job(database_, JobTable::analysis, 1, {"x", "died", Retry::later}, retry_), "discarded");
    EXPECT_EQ(state(), "discarded");
}

TEST_F(JobStateTest, AQuarantinedStudyIsRetriedByItsAccessionNumber) {
    database_.execute("UPDATE analysis SET state = 'quarantined', attempts = 3");
    database_.execute("UPDATE study SET due_at = NULL");
    EXPECT_EQ(retry_jobs(database_, {"", 0, "", "A1"}, "operator"), 1);
    EXPECT_EQ(state(), "queued");
    EXPECT_EQ(database_.number("SELECT attempts FROM analysis"), 0);
    EXPECT_TRUE(database_.number("SELECT due_at FROM study"));
}

TEST_F(JobStateTest, RetryingAnotherStudyTouchesNothing) {
    database_.execute("UPDATE analysis SET state = 'quarantined'");
    EXPECT_EQ(retry_jobs(database_, {"", 0, "9.9", ""}, "operator"), 0);
    EXPECT_EQ(retry_jobs(database_, {"", 0, "", ""}, "operator"), 0);
    EXPECT_EQ(state(), "quarantined");
}

TEST_F(JobStateTest, AnAnalysisIsRetriedByItsNumber) {
    database_.execute("UPDATE analysis SET state = 'not_analysed'");
    EXPECT_EQ(retry_jobs(database_, {"analysis", 1, "", ""}, "operator"), 1);
    EXPECT_EQ(state(), "queued");
}

TEST_F(JobStateTest, ADiscardedJobIsOffTheQueueAndAudited) {
    database_.execute("UPDATE analysis SET state = 'queued'");
    EXPECT_EQ(discard_jobs(database_, {"analysis", 1, "", ""}, "operator"), 1);
    EXPECT_EQ(state(), "discarded");
    EXPECT_EQ(database_.number("SELECT count(*) FROM audit_event WHERE type = 'jobs_discarded'"), 1);
}

TEST_F(JobStateTest, JobsOfAModelThatIsGonePassToTheConfiguredOne) {
    database_.execute("UPDATE analysis SET state = 'queued'");
    adopt_models(database_, {"better"});
    EXPECT_EQ(state(), "discarded");
    EXPECT_EQ(database_.number("SELECT count(*) FROM analysis WHERE model = 'better' AND state = 'queued'"),
              1);
}

// An image whose first frame is being analysed, under a package that reads each.
class FramesTest : public JobStateTest {
  protected:
    std::string frames_in(const char* wanted) {
        std::string frames;
        for (const auto& row : database_.select("SELECT frame, state FROM analysis ORDER BY frame"))
            if (row["state"] == wanted) frames += std::to_string(row["frame"].get<int>());
        return frames;
    }
};

TEST_F(FramesTest, TheFirstOnesAnalysisQueuesTheOthersOnce) {
    keep_frames(database_, 1, {3, 3});
    EXPECT_EQ(frames_in("running"), "1");
    EXPECT_EQ(frames_in("queued"), "23");
    EXPECT_EQ(database_.number("SELECT count(*) FROM analysis WHERE frames = 3 AND model = 'demo'"), 3);
    database_.execute("UPDATE analysis SET state = 'analysed' WHERE frame = 2");
    keep_frames(database_, 1, {3, 3});
    keep_frames(database_, 2, {3, 3});
    EXPECT_EQ(frames_in("analysed"), "2");
    EXPECT_EQ(database_.number("SELECT count(*) FROM analysis"), 3);
}

TEST_F(FramesTest, ThatAreNotWantedGetNoAnalysis) {
    keep_frames(database_, 1, {3, 1});
    EXPECT_EQ(database_.number("SELECT count(*) FROM analysis"), 1);
    EXPECT_EQ(database_.number("SELECT frames FROM analysis"), 3);
}

TEST_F(FramesTest, AreNoMoreThanMayBeAnalysedWhateverTheDecoderSays) {
    keep_frames(database_, 1, {1'000, 1'000});
    EXPECT_EQ(database_.number("SELECT count(*) FROM analysis"), most_analysed_frames);
}

TEST_F(FramesTest, ARestartLosesAndDoublesNone) {
    keep_frames(database_, 1, {3, 3});
    database_.execute("UPDATE analysis SET state = 'analysed' WHERE frame = 1");
    database_.execute("UPDATE analysis SET state = 'running', attempts = 1 WHERE frame = 2");
    recover_jobs(database_, retry_);
    EXPECT_EQ(frames_in("analysed"), "1");
    EXPECT_EQ(frames_in("queued"), "23");
}

TEST_F(FramesTest, OfAModelThatIsGoneAreCountedAnewByTheConfiguredOne) {
    keep_frames(database_, 1, {3, 3});
    adopt_models(database_, {"better"});
    EXPECT_EQ(database_.number("SELECT count(*) FROM analysis WHERE model = 'better'"), 1);
    EXPECT_EQ(database_.number("SELECT frame FROM analysis WHERE model = 'better'"), 1);
}

}  // namespace
}  // namespace hilum
