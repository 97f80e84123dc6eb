#include "pipeline/retention/file_removal.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "store/retention/retention_status.h"
#include "unit/pipeline/lanes/lane_fixture.h"

namespace hilum {
namespace {

namespace fs = std::filesystem;
using std::chrono::hours;
using std::chrono::seconds;

class FileRemovalTest : public test::LaneTest {
  protected:
    FileRemovalTest() {
        removal_.start([this] { ++changes_; });
    }
    // One more that is to go; one that refuses is a folder that holds something.
    void note(const std::string& name, bool refuses = false) {
        const auto file = directory_.spool() / name;
        fs::create_directories(refuses ? file : file.parent_path());
        std::ofstream(refuses ? file / "x" : file) << "x";
        commit([&](Transaction& t) {
            sql::execute(t, "INSERT INTO removal(study_id, folder, file) VALUES(1, 'spool', ?)", name);
        });
    }
    void unlink() {
        tasks_.start(removal_.unlink());
        run_for(seconds(5));
    }
    bool is_there(const std::string& name) { return fs::exists(directory_.spool() / name); }
    std::int64_t waiting() {
        return commit([](Transaction& t) { return retention_status(t); }).at("removals_waiting");
    }

    std::unique_ptr<Background> disk_thread_ = world_.make_background();
    FileRemoval removal_{world_, commits_, directory_, *disk_thread_};
    int changes_ = 0;
    Tasks tasks_;
};

TEST_F(FileRemovalTest, GoesOnBehindWhatCannotBeUnlinkedAndTellsOfIt) {
    for (int i = 1; i <= 201; ++i)
        note("20200101/" + std::to_string(i), true);  // more than it asks for at once
    note("20200102/behind");
    unlink();
    EXPECT_FALSE(is_there("20200102/behind"));
    EXPECT_EQ(waiting(), 201);
    ASSERT_TRUE(removal_.trouble());
    EXPECT_EQ(removal_.trouble()->where, "retention");
    EXPECT_THAT(removal_.trouble()->message, testing::StartsWith("201 of the files"));
    EXPECT_THAT(removal_.trouble()->message, testing::HasSubstr("spool/20200101,"))
        << "without the file's name, which is an identifier where it is a result's";
    EXPECT_EQ(changes_, 1);
    note("20200102/came since");
    unlink();
    EXPECT_FALSE(is_there("20200102/came since"));
    run_for(FileRemoval::until_tried_again);
    unlink();
    EXPECT_EQ(changes_, 1) << "nothing has changed";

    fs::remove_all(directory_.spool() / "20200101");
    run_for(FileRemoval::until_tried_again);
    unlink();
    EXPECT_EQ(waiting(), 0);
    EXPECT_FALSE(removal_.trouble());
    EXPECT_EQ(changes_, 2);
}

TEST_F(FileRemovalTest, TakesFoldersOfEarlierDaysThatHoldNothing) {
    const auto day = [&](int ago) { return to_dicom_date(world_.now() - hours(24 * ago)); };
    for (const auto& name : {day(0), day(1), day(9), day(8) + "/set", std::string("set-aside"), day(-2)})
        fs::create_directories(directory_.spool() / name);
    std::ofstream(directory_.spool() / day(8) / "a.dcm") << "x";
    std::ofstream(directory_.spool() / day(7)) << "no folder";
    removal_.remove_empty_days();
    run_for(seconds(5));
    EXPECT_FALSE(is_there(day(9)));
    for (const auto& name : {day(0), day(1), day(8) + "/a.dcm", std::string("set-aside"), day(-2), day(7)})
        EXPECT_TRUE(is_there(name)) << name;
}

}  // namespace
}  // namespace hilum
