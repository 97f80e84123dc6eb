#include "pipeline/control/access_audit.h"

#include <gtest/gtest.h>

#include "store/database/sql.h"
#include "unit/pipeline/lanes/lane_fixture.h"

namespace hilum {
namespace {

using namespace std::chrono_literals;

class AccessAuditTest : public test::LaneTest {
  protected:
    std::int64_t number(const std::string& sql) {
        return commit([&](Transaction& transaction) { return sql::number(transaction, sql).value_or(-1); });
    }
    std::int64_t rows(const std::string& type) {
        return number("SELECT count(*) FROM audit_event WHERE type = '" + type + "'");
    }
    void ask(int client, const std::string& refused, const std::string& path = "/api/v1/studies") {
        HttpAccess access;
        access.address = "10." + std::to_string(client / 250) + ".0." + std::to_string(client % 250);
        access.path = path;
        access.refused = refused;
        audit_.note(access);
    }

    EventKeeper events_{world_, commits_};
    AccessAudit audit_{world_, events_};
};

TEST_F(AccessAuditTest, WrongTokensFromAnywhereLeaveFewRowsAndTheirNumber) {
    for (int client = 0; client < 3000; ++client) ask(client, "token");
    EXPECT_EQ(rows("http_access"), 300);
    run_for(11min);
    EXPECT_EQ(number("SELECT sum(json_extract(detail, '$.events')) FROM audit_event"
                     " WHERE type = 'events_left_out'"),
              2700);
    EXPECT_EQ(number("SELECT count(*) FROM audit_event WHERE type = 'http_access' AND outcome = 'failure'"
                     " AND json_extract(detail, '$.refused') = 'token'"),
              300);
}

TEST_F(AccessAuditTest, OneAddressLeavesFewWhicheverPathItTries) {
    for (int i = 0; i < 100; ++i) ask(1, "token", "/api/v1/jobs/" + std::to_string(i));
    EXPECT_EQ(rows("http_access"), 20);
    ask(1, "role");
    ask(2, "token");
    EXPECT_EQ(rows("http_access"), 22) << "another reason, and another address";
    run_for(61s);
    ask(1, "token");
    EXPECT_EQ(number("SELECT json_extract(detail, '$.events_left_out_before') FROM audit_event"
                     " WHERE type = 'http_access' ORDER BY id DESC LIMIT 1"),
              80);
}

TEST_F(AccessAuditTest, LocalUsersAreBoundedTogetherToo) {
    for (int uid = 0; uid < 1000; ++uid) {
        HttpAccess access;
        access.uid = 100'000 + uid;
        access.refused = "role";
        audit_.note(access);
    }
    EXPECT_EQ(rows("http_access"), 300);
}

TEST_F(AccessAuditTest, WhatIsShownIsToldWhateverStrangersDo) {
    for (int client = 0; client < 3000; ++client) ask(client, "token");
    for (int client = 0; client < 500; ++client) ask(client, "");
    EXPECT_EQ(number("SELECT count(*) FROM audit_event WHERE outcome = 'success'"), 500);
}

}  // namespace
}  // namespace hilum
