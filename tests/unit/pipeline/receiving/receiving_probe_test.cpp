#include "pipeline/receiving/receiving_probe.h"

#include <filesystem>
#include <fstream>

#include "base/clock.h"
#include "unit/pipeline/lanes/lane_fixture.h"

namespace hilum {
namespace {

using namespace std::chrono_literals;
using simulation::Disk;

class ReceivingProbeTest : public test::LaneTest {
  protected:
    ReceivingProbeTest() {
        std::filesystem::create_directories(directory_.spool());
        probe_.start([this] { ++changes_; });
    }

    std::unique_ptr<Background> files_ = world_.make_background();
    ReceivingProbe probe_{world_, commits_, *files_, directory_};
    int changes_ = 0;
};

TEST_F(ReceivingProbeTest, FindsThatNothingCanBeStoredAndThatItCanAgainThoughNothingComes) {
    disk_.set_failing(Disk::Failing::writes);
    probe_.object_failed();
    run_for(1s);
    EXPECT_TRUE(probe_.failing());
    run_for(1h);
    EXPECT_TRUE(probe_.failing());
    disk_.set_failing(Disk::Failing::nothing);
    run_for(2 * ReceivingProbe::between_tries);
    EXPECT_FALSE(probe_.failing());
    EXPECT_EQ(changes_, 2);
    for (const auto& left : std::filesystem::recursive_directory_iterator(directory_.spool()))
        EXPECT_TRUE(left.is_directory()) << "it leaves " << left.path();
}

TEST_F(ReceivingProbeTest, SaysNothingForAnObjectThatAloneCouldNotBeStored) {
    for (int i = 0; i < 3; ++i) {
        probe_.object_failed();
        run_for(1min);
    }
    EXPECT_FALSE(probe_.failing());
    EXPECT_EQ(changes_, 0);
}

TEST_F(ReceivingProbeTest, BelievesAnObjectThatWasStored) {
    disk_.set_failing(Disk::Failing::writes);
    probe_.object_failed();
    run_for(1s);
    probe_.object_stored();
    EXPECT_FALSE(probe_.failing());
    run_for(1min);
    EXPECT_FALSE(probe_.failing()) << "until another is not";
}

TEST_F(ReceivingProbeTest, WritesInTheFolderOfTheDay) {
    std::filesystem::remove(directory_.spool());
    probe_.object_failed();
    run_for(1s);
    EXPECT_TRUE(probe_.failing());
    EXPECT_NE(probe_.why(), "");
    std::filesystem::create_directory(directory_.spool());
    run_for(2 * ReceivingProbe::between_tries);
    EXPECT_FALSE(probe_.failing());
    EXPECT_TRUE(std::filesystem::is_directory(directory_.spool() / to_dicom_date(world_.now())));
}

// Its file is a device that is always full.
TEST_F(ReceivingProbeTest, FindsThatTheJournalOfFactsCannotBeWritten) {
    const test::TemporaryFolder folder;
    const DataDirectory directory{folder.path()};
    for (const auto& made : {directory.spool(), directory.facts()}) std::filesystem::create_directories(made);
    const auto file = directory.facts() / "00000001.facts";
    std::filesystem::create_symlink("/dev/full", file);
    auto database = test::open_database(folder);
    ASSERT_TRUE(database.database().keep_facts(directory.facts()));
    CommitQueue commits(world_, std::move(database));
    ReceivingProbe probe(world_, commits, *files_, directory);
    probe.start([] {});
    probe.object_failed();
    run_for(1s);
    EXPECT_TRUE(probe.failing());
}

}  // namespace
}  // namespace hilum
