// Reading that is told to stop: nobody waits for what it would find.
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "store/audit/audit_event.h"
#include "store/overview/overview.h"
#include "unit/store/test_database.h"

namespace hilum {
namespace {

TEST(OverviewStopping, EndsWithinTheQuestionAndTheNextOneIsAnswered) {
    constexpr int events = 3000;
    const test::TemporaryFolder folder;
    auto database = test::open_database(folder);
    ASSERT_TRUE(database.database().transact(now(), [](Transaction& transaction) {
        audit::AuditEvent event;
        event.type = "instance_received";
        for (int i = 0; i < events; ++i) transaction.append_audit(event);
    }));
    int asked = 0, most = 3;
    auto reader = Overview::open(folder.path() / "hilum.db", [&] { return ++asked > most; }).value();
    const auto stopped = reader.verify_audit();
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error().code, "database");
    EXPECT_EQ(asked, most + 1) << "it read on";
    most = std::numeric_limits<int>::max();
    asked = 0;
    const auto verified = reader.verify_audit();
    ASSERT_TRUE(verified) << verified.error().message;
    EXPECT_EQ(verified->at("events"), events);
    EXPECT_TRUE(verified->at("intact"));
    EXPECT_GT(asked, 20) << "too seldom to stop it soon";
}

}  // namespace
}  // namespace hilum
