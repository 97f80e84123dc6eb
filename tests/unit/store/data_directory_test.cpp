#include "store/data_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file_system.h"
#include "unit/store/test_database.h"

namespace hilum {
namespace {

TEST(DataDirectory, MakesItsFoldersAndKeepsOthersOut) {
    const test::TemporaryFolder folder;
    const DataDirectory directory{folder.path() / "data"};
    const auto lock = prepare_data_directory(directory);
    ASSERT_TRUE(lock);
    EXPECT_TRUE(std::filesystem::is_directory(directory.spool()));
    using std::filesystem::perms;
    EXPECT_EQ(std::filesystem::status(directory.root).permissions() & perms::others_all, perms::none);
}

TEST(DataDirectory, IsTakenByOneAtATime) {
    const test::TemporaryFolder folder;
    const DataDirectory directory{folder.path()};
    auto first = prepare_data_directory(directory);
    ASSERT_TRUE(first);
    const auto second = prepare_data_directory(directory);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, "in_use");
    first->reset();
    EXPECT_TRUE(prepare_data_directory(directory));
}

TEST(DataDirectory, TellsWhetherItIsHeldAndTakesNothing) {
    const test::TemporaryFolder folder;
    const DataDirectory directory{folder.path()};
    EXPECT_FALSE(is_held(directory));
    auto lock = prepare_data_directory(directory);
    ASSERT_TRUE(lock);
    EXPECT_TRUE(is_held(directory));
    EXPECT_TRUE(is_held(directory));
    lock->reset();
    EXPECT_FALSE(is_held(directory));
}

TEST(DataDirectory, TellsWhetherHilumHasRunOnIt) {
    const test::TemporaryFolder folder;
    const auto there = demand_database({folder.path()});
    ASSERT_FALSE(there);
    EXPECT_EQ(there.error().code, "database");
    test::open_database(folder);
    EXPECT_TRUE(demand_database({folder.path()}));
}

TEST(DataDirectory, NamesAPathThatCannotBeMade) {
    const test::TemporaryFolder folder;
    ASSERT_TRUE(write_file_durably(folder.path() / "file", {}));
    const auto lock = prepare_data_directory(DataDirectory{folder.path() / "file" / "data"});
    ASSERT_FALSE(lock);
    EXPECT_EQ(lock.error().code, "unwritable");
    EXPECT_THAT(lock.error().message, testing::HasSubstr("node.data_dir"));
}

}  // namespace
}  // namespace hilum
