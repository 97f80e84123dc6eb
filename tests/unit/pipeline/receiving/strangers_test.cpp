#include "pipeline/receiving/strangers.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "store/database/sql.h"
#include "unit/pipeline/lanes/lane_fixture.h"

namespace hilum {
namespace {

using namespace std::chrono_literals;

class StrangersTest : public test::LaneTest {
  protected:
    std::int64_t number(const std::string& sql) {
        return commit([&](Transaction& transaction) { return sql::number(transaction, sql).value_or(-1); });
    }
    std::int64_t rows(const std::string& type) {
        return number("SELECT count(*) FROM audit_event WHERE type = '" + type + "'");
    }
    std::int64_t counted(const std::string& name) {
        return number("SELECT sum(value) FROM counter WHERE name = '" + name + "'");
    }
    void reject(const std::string& peer, AssociationOutcome why = AssociationOutcome::unknown_caller) {
        strangers_.rejected({"EVIL\x1b[2J", "HILUM", peer, why, ""}, why);
    }

    EventKeeper events_{world_, commits_};
    Strangers strangers_{world_, events_};
};

TEST_F(StrangersTest, AFloodOfRejectionsLeavesFewRowsAndTheirNumber) {
    for (int i = 0; i < 5000; ++i) reject("192.0.2.1");
    EXPECT_EQ(rows("association_rejected"), 20);
    EXPECT_EQ(counted("associations"), 5000);
    run_for(61s);
    reject("192.0.2.1");
    EXPECT_EQ(number("SELECT max(json_extract(detail, '$.events_left_out_before')) FROM audit_event"), 4980);
}

TEST_F(StrangersTest, AnotherReasonOrAddressIsToldAllTheSame) {
    for (int i = 0; i < 100; ++i) reject("192.0.2.1");
    reject("192.0.2.1", AssociationOutcome::called_ae_title);
    reject("192.0.2.2");
    EXPECT_EQ(rows("association_rejected"), 22);
}

TEST_F(StrangersTest, ASubnetOfIpv6IsOneHost) {
    for (int i = 0; i < 500; ++i) reject("2001:db8::" + std::to_string(i));
    EXPECT_EQ(rows("association_rejected"), 20);
}

TEST_F(StrangersTest, ManyAddressesTogetherAreBoundedToo) {
    for (int i = 0; i < 3000; ++i)
        strangers_.closed({"10." + std::to_string(i / 250) + ".0." + std::to_string(i % 250),
                           ConnectionClosing::unlisted_limit, 2});
    EXPECT_EQ(rows("connection_refused"), 300);
    EXPECT_EQ(counted("connections_refused"), 6000);
}

TEST_F(StrangersTest, FailedHandshakesWithHttpAreCountedAndToldAFewTimes) {
    for (int i = 0; i < 100; ++i) strangers_.failed({"192.0.2.1", "not_tls", "it speaks no TLS", 3});
    strangers_.failed({"192.0.2.1", "untrusted", "not taken", 1});
    strangers_.failed({"", "made up", "by a process that was taken over", 1});
    EXPECT_EQ(rows("tls_failed"), 22);
    EXPECT_EQ(
        number("SELECT value FROM counter WHERE name = 'http_tls_failures' AND labels LIKE '%not_tls%'"),
        300);
    EXPECT_EQ(number("SELECT value FROM counter WHERE name = 'http_tls_failures' AND labels LIKE '%other%'"),
              1);
    EXPECT_EQ(counted("http_tls_failures"), 302);
    EXPECT_EQ(
        number("SELECT count(*) FROM audit_event WHERE actor = '@192.0.2.1' AND "
               "json_extract(detail, '$.port') = 'http' AND json_extract(detail, '$.code') = 'not_tls'"),
        20);
}

TEST_F(StrangersTest, WhatNoEventFollowsIsToldAfterAWhile) {
    ReceiverEvent event;
    event.event = ReceiverEventKind::not_dicom;
    event.peer = "192.0.2.1";
    for (int i = 0; i < 120; ++i) strangers_.happened(event);
    EXPECT_EQ(rows("not_dicom"), 20);
    run_for(9min);
    EXPECT_EQ(rows("events_left_out"), 0);
    run_for(2min);
    EXPECT_EQ(rows("events_left_out"), 1);
    EXPECT_EQ(
        number("SELECT json_extract(detail, '$.events') FROM audit_event WHERE type = 'events_left_out'"),
        100);
    run_for(1h);
    EXPECT_EQ(rows("events_left_out"), 1) << "once";
}

TEST_F(StrangersTest, AndAtTheEndOfTheNode) {
    strangers_.closed({"", ConnectionClosing::timeout, 3});
    for (int i = 0; i < 25; ++i) strangers_.closed({"192.0.2.1", ConnectionClosing::timeout, 3});
    strangers_.tell_left_out();
    EXPECT_EQ(rows("events_left_out"), 1);
    EXPECT_EQ(rows("timeout"), 21);
    EXPECT_EQ(counted("receiver_events"), 78);
}

TEST_F(StrangersTest, WhoIsRejectedWhileTheDiskIsFullIsToldOnceThereIsRoom) {
    const auto set_room = [this](const char* pages) {
        commit([&](Transaction& t) { sql::execute(t, std::string("PRAGMA max_page_count = ") + pages); });
    };
    set_room("1");  // as many as there are
    const std::string larger_than_a_page(5'000, 'x');
    for (int i = 0; i < 25; ++i)
        strangers_.rejected(
            {"EVIL", larger_than_a_page, "192.0.2.1", AssociationOutcome::called_ae_title, ""},
            AssociationOutcome::called_ae_title);
    run_for(9min);
    EXPECT_EQ(rows("association_rejected"), 0);
    strangers_.tell_left_out();
    set_room("1000000");
    run_for(2s);
    EXPECT_EQ(rows("association_rejected"), 20);
    EXPECT_EQ(
        number("SELECT json_extract(detail, '$.events') FROM audit_event WHERE type = 'events_left_out'"), 5);
}

}  // namespace
}  // namespace hilum
