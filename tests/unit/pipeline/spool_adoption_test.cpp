#include "pipeline/spool_adoption.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>

#include "contract/messages/request_table.h"
#include "contract/messages/scanning.h"
#include "store/database/sql.h"
#include "unit/pipeline/lanes/lane_fixture.h"

namespace hilum {
namespace {

using namespace std::chrono_literals;

class SpoolAdoptionTest : public test::LaneTest {
  protected:
    SpoolAdoptionTest() { std::filesystem::create_directories(directory_.spool()); }

    void start() {
        adoption_.start(
            specification("scanner"), [this] { ++came_; }, [] {});
        run_for(1s);
    }
    Act adopts() {
        return answers([](const Message& message) {
            ScanReply reply;
            reply.object = test::received("1.2.3.4");
            reply.object.file = from_packet<ScanRequest>(message).value().file;
            return to_packet(reply);
        });
    }
    Act cannot_for_now() {
        return answers([](const Message& message) {
            ScanReply reply;
            reply.object.file = from_packet<ScanRequest>(message).value().file;
            reply.error = Error{"not_now", "Input/output error", Retry::once_mended};
            return to_packet(reply);
        });
    }
    std::int64_t number(const char* sql) {
        return commit([sql](Transaction& t) { return sql::number(t, sql).value_or(-1); });
    }
    void expect_adopted() {
        EXPECT_EQ(number("SELECT count(*) FROM instance WHERE file = 'a.dcm'"), 1);
        EXPECT_EQ(number("SELECT set_aside FROM spool_survey"), 0);
        EXPECT_EQ(number("SELECT finished_at IS NOT NULL FROM spool_survey"), 1);
        EXPECT_EQ(adoption_.waiting(), 0u);
        EXPECT_FALSE(adoption_.child_running());
        EXPECT_EQ(came_, 1);
    }

    StudySettings study_;
    int came_ = 0;
    SpoolAdoption adoption_{world_, commits_, directory_, InstanceStore(study_, {"m"}, directory_)};
};

TEST_F(SpoolAdoptionTest, TheNodesTroubleIsNoFilesFault) {
    test::put_in_spool(folder_, "a.dcm");
    acts_.insert(acts_.end(), 4, dies(ended_by_the_nodes_trouble << 8));
    acts_.insert(acts_.end(), 4, dies(SIGKILL));  // by the kernel that lacks memory
    acts_.insert(acts_.end(), 4, cannot_for_now());
    acts_.push_back(adopts());
    start();
    EXPECT_EQ(adoption_.waiting(), 1u);
    run_for(12h);
    expect_adopted();
    EXPECT_EQ(number("SELECT postponed FROM spool_survey"), 1) << "it is told once";
}

TEST_F(SpoolAdoptionTest, AFileOfWhichTheScannerDiesIsSetAside) {
    test::put_in_spool(folder_, "a.dcm");
    acts_ = {dies(), dies()};
    start();
    run_for(1min);
    EXPECT_TRUE(std::filesystem::exists(directory_.set_aside() / "a.dcm"));
    EXPECT_EQ(number("SELECT set_aside FROM spool_survey"), 1);
    EXPECT_EQ(adoption_.waiting(), 0u);
}

TEST_F(SpoolAdoptionTest, ASlowDiskIsWaitedFor) {
    test::put_in_spool(folder_, "a.dcm");
    acts_.insert(acts_.end(), 3, is_silent());
    acts_.push_back(adopts());
    start();
    run_for(12h);
    expect_adopted();
    EXPECT_EQ(kills_, 3);
}

TEST_F(SpoolAdoptionTest, AScanThatNeverEndsHoldsUpNothingForEver) {
    test::put_in_spool(folder_, "a.dcm");
    acts_.insert(acts_.end(), 20, is_silent());
    start();
    run_for(12h);
    EXPECT_TRUE(std::filesystem::exists(directory_.set_aside() / "a.dcm"));
    EXPECT_EQ(adoption_.waiting(), 0u);
    EXPECT_FALSE(adoption_.trouble());
}

TEST_F(SpoolAdoptionTest, ASpoolThatCannotBeReadIsReadOnceItCan) {
    test::put_in_spool(folder_, "a.dcm");
    const auto away = folder_.path() / "away";
    std::filesystem::rename(directory_.spool(), away);
    acts_ = {adopts()};
    start();
    run_for(1min);
    EXPECT_EQ(starts_, 0);
    std::filesystem::rename(away, directory_.spool());
    run_for(1h);
    expect_adopted();
}

TEST_F(SpoolAdoptionTest, AFileThatIsGoneWhenItsTurnComesIsNoneOfOurs) {
    test::put_in_spool(folder_, "a.dcm");
    acts_ = {cannot_for_now()};
    start();
    std::filesystem::remove(directory_.spool() / "a.dcm");
    run_for(1h);
    EXPECT_EQ(adoption_.waiting(), 0u);
    EXPECT_FALSE(adoption_.child_running());
    EXPECT_EQ(number("SELECT finished_at IS NOT NULL FROM spool_survey"), 1);
}

}  // namespace
}  // namespace hilum
