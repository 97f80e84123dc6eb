#include "scp/spool_file.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "support/temporary_folder.h"

namespace hilum::scp {
namespace {

// Retention takes folders of days that are empty.
TEST(SpoolFile, MakesTheFolderOfItsDayAnewWhereItIsGone) {
    const test::TemporaryFolder folder;
    auto spool = Spool::open(folder.path()).value();
    const auto day = std::filesystem::path(spool.create().value().name()).parent_path();
    ASSERT_TRUE(std::filesystem::remove(folder / "spool" / day)) << "what was not kept is gone";
    auto file = spool.create().value();
    ASSERT_TRUE(file.make_durable());
    file.keep();
    EXPECT_TRUE(std::filesystem::exists(folder / "spool" / file.name()));
}

TEST(SpoolFile, IsRemovedWhereItWasGivenUpAfterAll) {
    const test::TemporaryFolder folder;
    auto spool = Spool::open(folder.path()).value();
    std::filesystem::path name;
    {
        auto file = spool.create().value();
        ASSERT_TRUE(file.make_durable());
        name = folder / "spool" / file.name();
        file.keep();
        file.give_up();
        EXPECT_TRUE(std::filesystem::exists(name));
    }
    EXPECT_FALSE(std::filesystem::exists(name));
}

}  // namespace
}  // namespace hilum::scp
