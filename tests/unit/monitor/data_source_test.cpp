#include "monitor/data_source.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "unit/store/test_database.h"

namespace hilum::monitor {
namespace {

using testing::HasSubstr;

class DataSourceTest : public testing::Test {
  protected:
    void SetUp() override {
        database_.execute(
            "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < 2000) INSERT INTO "
            "study(study_instance_uid, created_at, received_at) SELECT '1.' || i, i, i FROM n");
        reported_.state = "reported";  // none is, and each is looked at
    }

    test::TemporaryFolder folder_;
    test::TestDatabase database_ = test::open_database(folder_);
    const std::filesystem::path file_ = folder_.path() / "hilum.db";
    StudyFilter reported_;
};

TEST_F(DataSourceTest, EndsAListThatTakesTooLongAndSaysWhatToDo) {
    const auto source = database_source(file_, nullptr, std::chrono::seconds(0));
    for (int i = 0; i < 2; ++i) {
        const auto list = source.studies(reported_);
        ASSERT_FALSE(list);
        EXPECT_EQ(list.error().code, "too_long");
        EXPECT_THAT(list.error().message, HasSubstr("since"));
    }
    EXPECT_TRUE(database_source(file_).studies(reported_));
}

TEST_F(DataSourceTest, TellsFiguresWhileAListIsRead) {
    int asked = 0, told = 0;
    DataSource source;
    source = database_source(file_, [&] {
        ++asked;
        if (source.gauges() && source.counters()) ++told;
        return false;
    });
    EXPECT_TRUE(source.studies(reported_));
    EXPECT_GT(asked, 0);
    EXPECT_EQ(told, asked);
}

TEST_F(DataSourceTest, ReadsNoListThatNobodyWaitsFor) {
    const auto source = database_source(file_, [] { return true; });
    const auto list = source.studies(reported_);
    ASSERT_FALSE(list);
    EXPECT_EQ(list.error().code, "database");
}

}  // namespace
}  // namespace hilum::monitor
