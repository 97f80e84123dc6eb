#include "store/jobs/states.h"

#include "unit/store/test_database.h"

namespace hilum {
namespace {

class StatesTest : public testing::Test {
  protected:
    StatesTest() {
        database_.execute("INSERT INTO study(id, study_instance_uid, created_at) VALUES(1, '1.2', 1)");
    }
    std::int64_t total(const char* word) {
        return database_.number("SELECT sum(jobs) FROM job_total WHERE word = ?", word).value_or(0);
    }
    test::TemporaryFolder folder_;
    test::TestDatabase database_ = test::open_database(folder_);
};

TEST_F(StatesTest, AreReadAsTheWordsThatWereWritten) {
    for (const auto lane : all_lanes)
        for (const auto state : states_of(lane)) {
            test::make_job(database_, lane, "a/b", static_cast<int>(state) + 1, 1, state);
            const auto job = database_.select("SELECT kind, queue, word FROM job ORDER BY id DESC")[0];
            EXPECT_EQ(job["kind"], to_text(lane));
            EXPECT_EQ(job["word"], to_text(state));
            EXPECT_EQ(job["queue"], lane == Lane::report ? "" : "a/b");
        }
}

TEST_F(StatesTest, AreCountedAsTheyChange) {
    test::make_job(database_, Lane::report, "", 1, 1, JobState::queued);
    test::make_job(database_, Lane::report, "", 2, 1, JobState::queued);
    EXPECT_EQ(total("queued"), 2);
    test::set_jobs(database_, Lane::report, JobState::quarantined, 1);
    EXPECT_EQ(total("queued"), 1);
    EXPECT_EQ(total("quarantined"), 1);
    test::set_jobs(database_, Lane::report, JobState::quarantined);
    EXPECT_EQ(total("quarantined"), 2);
    database_.execute("DELETE FROM job");
    EXPECT_EQ(total("queued") + total("quarantined"), 0);
}

}  // namespace
}  // namespace hilum
