#include "pipeline/events/event_keeper.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "pipeline/tls/certificate_watch.h"
#include "store/database/sql.h"
#include "unit/pipeline/lanes/lane_fixture.h"

namespace hilum {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

const std::string larger_than_a_page(5'000, 'x');  // so that it needs room

class EventKeeperTest : public test::LaneTest {
  protected:
    EventKeeperTest() {
        events_.start([this] { ++changes_; });
    }
    void set_room(const char* pages) {
        commit([&](Transaction& t) { sql::execute(t, std::string("PRAGMA max_page_count = ") + pages); });
    }
    void fill() { set_room("1"); }  // as many as there are
    void make_room() { set_room("1000000"); }
    void happen(const std::string& kind, std::int64_t events = 1) {
        const auto work = [kind](Transaction& transaction) {
            audit::AuditEvent event;
            event.type = kind;
            event.detail["text"] = larger_than_a_page;
            transaction.append_audit(event);
        };
        events_.keep(kind, work, events);
    }
    std::vector<std::string> texts(const std::string& sql) {
        return commit([&](Transaction& t) {
            std::vector<std::string> all;
            sql::each(t, sql, [&](const sql::Row& row) { all.push_back(row.text(0)); });
            return all;
        });
    }
    std::int64_t rows(const std::string& type) {
        return commit([&](Transaction& t) {
            return sql::number(t, "SELECT count(*) FROM audit_event WHERE type = ?", type).value_or(0);
        });
    }

    EventKeeper events_{world_, commits_};
    int changes_ = 0;
};

TEST_F(EventKeeperTest, WhatHappensWhileTheDiskIsFullComesInOrderAndSaysWhenItHappened) {
    happen("before");
    run_for(1s);
    fill();
    const auto happened = world_.now();
    for (const char* kind : {"a", "b", "a"}) happen(kind);
    run_for(10min);
    happen("c");
    run_for(1min);
    ASSERT_TRUE(events_.trouble());
    EXPECT_EQ(events_.trouble()->where, "audit");
    EXPECT_THAT(events_.trouble()->message, HasSubstr("full"));
    EXPECT_EQ(changes_, 1);
    EXPECT_EQ(rows("a"), 0);
    make_room();
    run_for(2s);
    EXPECT_FALSE(events_.trouble());
    EXPECT_EQ(changes_, 2);
    happen("after");
    run_for(1s);
    EXPECT_THAT(texts("SELECT type FROM audit_event ORDER BY id"),
                ElementsAre("before", "a", "b", "a", "c", "after"));
    const auto second = to_iso8601(happened).substr(0, std::string_view("2026-11-23T22:24:48").size());
    EXPECT_THAT(texts("SELECT json_extract(detail, '$.happened_at') FROM audit_event WHERE type = 'b'"),
                ElementsAre(StartsWith(second)));
    EXPECT_THAT(texts("SELECT coalesce(json_extract(detail, '$.happened_at'), 'when it was written')"
                      " FROM audit_event WHERE type IN ('before', 'after')"),
                ElementsAre("when it was written", "when it was written"));
}

TEST_F(EventKeeperTest, OfEachKindSomeWaitAndTheOthersLeaveTheirNumber) {
    fill();
    for (std::size_t i = 0; i < EventKeeper::most_of_a_kind + 500; ++i) {
        happen("store_failed");
        if (i % 100 == 0) run_for(10s);
    }
    happen("store_failed", 100);  // with those that a limit left out
    happen("tokens_loaded");
    run_for(10min);
    make_room();
    run_for(1min);
    EXPECT_FALSE(events_.trouble());
    EXPECT_EQ(rows("store_failed"), static_cast<std::int64_t>(EventKeeper::most_of_a_kind));
    EXPECT_EQ(rows("tokens_loaded"), 1);
    EXPECT_THAT(texts("SELECT detail FROM audit_event WHERE type = 'events_left_out'"),
                ElementsAre(AllOf(HasSubstr("\"events\":600"), HasSubstr("store_failed"))));
}

TEST_F(EventKeeperTest, WhatCanNeverBeWrittenHoldsUpNoOther) {
    fill();
    events_.keep("bad", [](Transaction&) { throw std::runtime_error("as the test has it"); });
    happen("a");
    events_.keep("bad", [](Transaction&) { throw std::runtime_error("as the test has it"); });
    happen("a");
    run_for(1min);
    make_room();
    run_for(2s);
    EXPECT_FALSE(events_.trouble());
    EXPECT_EQ(rows("a"), 2);
}

TEST_F(EventKeeperTest, WhatWaitsGoesBeforeWhatIsSubmittedNextWhereSomebodyAsks) {
    fill();
    happen("refused");
    run_for(10s);
    make_room();
    events_.try_now();
    commit([](Transaction& transaction) {
        audit::AuditEvent event;
        event.type = "taken";
        transaction.append_audit(event);
    });
    EXPECT_THAT(texts("SELECT type FROM audit_event ORDER BY id"), ElementsAre("refused", "taken"));
}

TEST_F(EventKeeperTest, AReloadOfCertificatesThatFailedIsToldLaterToo) {
    fill();
    CertificateWatch watch(world_, events_);
    watch.note({"http", {}, larger_than_a_page, true});
    run_for(1min);
    EXPECT_EQ(rows("certificates_loaded"), 0);
    make_room();
    run_for(2s);
    EXPECT_EQ(rows("certificates_loaded"), 1);
}

}  // namespace
}  // namespace hilum
