#include "pipeline/history_keeper.h"

#include <SQLiteCpp/SQLiteCpp.h>

#include "store/database/sql.h"
#include "unit/pipeline/lanes/lane_fixture.h"

namespace hilum {
namespace {

using namespace std::chrono_literals;

// The database has an index that does not tell what its table holds.
class HistoryKeeperTest : public test::LaneTest {
  protected:
    HistoryKeeperTest() {
        commit([](Transaction& t) { t.count("things"); });
        SQLite::Database other(directory_.database().string(), SQLite::OPEN_READWRITE);
        other.exec("CREATE INDEX lies ON counter(name)");
        const auto version = other.execAndGet("PRAGMA schema_version").getInt();
        other.exec("PRAGMA writable_schema = ON");
        other.exec(
            "UPDATE sqlite_schema SET sql = 'CREATE INDEX lies ON counter(value)' WHERE name = 'lies'");
        other.exec("PRAGMA schema_version = " + std::to_string(version + 1));
    }
    std::int64_t mended() {
        return commit([](Transaction& t) {
            return sql::number(t, "SELECT count(*) FROM audit_event WHERE type = 'database_mended'").value();
        });
    }
    static constexpr auto until_all_are_checked = 50 * 5min;  // a table every five minutes

    HistoryKeeper keeper_{world_, commits_, directory_, std::nullopt};
};

TEST_F(HistoryKeeperTest, ChecksATableAfterTheOther) {
    keeper_.start();
    run_for(until_all_are_checked);
    EXPECT_EQ(mended(), 1);
}

TEST_F(HistoryKeeperTest, ChecksNoMoreOnceTheNodeDrains) {
    keeper_.start();
    run_for(1min);
    keeper_.stop_checking();
    ASSERT_TRUE(disk_.remove_durably(mark_file(directory_)));
    commit([](Transaction& t) {
        audit::AuditEvent event;
        event.type = "node_stopped";
        t.append_audit(event);
    });
    run_for(until_all_are_checked);
    EXPECT_EQ(mended(), 0);
    EXPECT_TRUE(disk_.open(mark_file(directory_))) << "the mark follows until the end";
}

}  // namespace
}  // namespace hilum
