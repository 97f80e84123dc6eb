#include "store/audit/audit_forwarding.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "store/audit/audit_removal.h"
#include "store/overview/overview.h"
#include "unit/store/test_database.h"

namespace hilum {
namespace {

using std::chrono::hours;
using testing::IsEmpty;

class AuditForwardingTest : public testing::Test {
  protected:
    AuditForwardingTest() { configure_audit_servers(database_, {"arr"}); }
    void happens(Timestamp at, const std::string& patient = "") {
        audit::AuditEvent event;
        event.type = "analysed";
        event.study_instance_uid = "1.2.3";
        event.patient_id = patient;
        database_.at(at).append_audit(event);
    }
    void happen(int events) {
        for (int i = events; i > 0; --i) happens(today_ - hours(24 * i));
    }
    int remove(Duration keep, std::optional<Duration> keep_unsent = std::nullopt) {
        return remove_old_audit_events(database_.at(today_), keep, keep_unsent);
    }
    std::vector<AuditRecord> after(std::int64_t event, int most = 100, std::size_t bytes = 1 << 20) {
        return audit_records_after(database_, event, most, bytes);
    }

    test::TemporaryFolder folder_;
    test::TestDatabase database_ = test::open_database(folder_);
    Timestamp today_ = now();
};

TEST_F(AuditForwardingTest, GivesEachEventAsItIsExported) {
    happen(3);
    const auto records = after(0);
    ASSERT_EQ(records.size(), 3u);
    const auto exported = Overview::open(folder_.path() / "hilum.db")->audit_events(0, 10).value();
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(nlohmann::json::parse(records[i].text), exported[i]);
        EXPECT_EQ(records[i].number, exported[i]["id"]);
    }
    EXPECT_EQ(after(1).front().number, 2);
    EXPECT_THAT(after(3), IsEmpty());
}

TEST_F(AuditForwardingTest, GivesAtMostSoManyEventsAndSoManyBytesOrOne) {
    happen(5);
    EXPECT_EQ(after(0, 2).size(), 2u);
    EXPECT_EQ(after(0, 100, 1).size(), 1u);
    EXPECT_EQ(after(0, 100, after(0, 1).front().text.size() + 2).size(), 2u);
}

TEST_F(AuditForwardingTest, KnowsThePatientOfAStudyThatTheEventDoesNotName) {
    database_.execute(
        "INSERT INTO study(study_instance_uid, patient_id, created_at) VALUES('1.2.3', 'P9', 1)");
    happens(today_);
    happens(today_, "P1");
    EXPECT_EQ(after(0)[0].patient_id, "P9");
    EXPECT_EQ(after(0)[1].patient_id, "P1");
}

TEST_F(AuditForwardingTest, GoesOnBehindAnEventThatCannotBeRead) {
    happen(3);
    database_.execute("UPDATE audit_event SET detail = '{' WHERE id = 2");
    const auto records = after(0);
    ASSERT_EQ(records.size(), 3u);
    EXPECT_EQ(records[1].kind, AuditRecordKind::unspoken);
    EXPECT_EQ(records[2].kind, AuditRecordKind::event);
}

TEST_F(AuditForwardingTest, KeepsHowFarEachServerIs) {
    happen(5);
    keep_forwarded(database_, "arr", 3);
    keep_forwarded(database_, "arr", 2);
    EXPECT_EQ(forwarded_through(database_, "arr"), 3) << "it has those";
    configure_audit_servers(database_, {"arr", "second"});
    EXPECT_EQ(forwarded_through(database_, "arr"), 3);
    EXPECT_EQ(forwarded_through(database_, "second"), 0) << "it lacks the whole trail";
    EXPECT_EQ(forwarded_to_all(database_), 0);
    const auto backlogs = audit_backlogs(database_);
    ASSERT_EQ(backlogs.size(), 2u);
    EXPECT_EQ(backlogs[0].waiting, 2);
    EXPECT_TRUE(backlogs[0].last_sent_at);
    EXPECT_EQ(backlogs[1].waiting, 5);
    EXPECT_FALSE(backlogs[1].last_sent_at);
    configure_audit_servers(database_, {"arr"});
    EXPECT_EQ(forwarded_to_all(database_), 3) << "nothing waits for one that is gone from the configuration";
    configure_audit_servers(database_, {});
    EXPECT_FALSE(forwarded_to_all(database_));
    EXPECT_THAT(audit_backlogs(database_), IsEmpty());
}

TEST_F(AuditForwardingTest, SendsWhatATrailThatBecameShorterGrowsAnew) {
    happen(5);
    keep_forwarded(database_, "arr", 5);
    database_.execute("DELETE FROM audit_event WHERE id > 2");
    configure_audit_servers(database_, {"arr"});
    EXPECT_EQ(forwarded_through(database_, "arr"), 2);
}

TEST_F(AuditForwardingTest, NothingGoesThatAServerLacks) {
    happen(10);
    EXPECT_EQ(remove(hours(24 * 4)), 0);
    keep_forwarded(database_, "arr", 5);
    EXPECT_EQ(remove(hours(24 * 4)), 5) << "what it has";
    keep_forwarded(database_, "arr", 9);
    EXPECT_EQ(remove(hours(24 * 4)), 2) << "what is old";
    EXPECT_EQ(audit_backlogs(database_).front().waiting, 3) << "one, and those that tell of the removals";
    EXPECT_EQ(after(9).front().number, 10);
}

TEST_F(AuditForwardingTest, WhatIsOlderThanTheBoundGoesAndTheTrailSaysSo) {
    happen(10);
    keep_forwarded(database_, "arr", 1);
    EXPECT_EQ(remove(hours(24 * 4), hours(24 * 8)), 3) << "one that it has, two beyond the bound";
    const auto told = database_.select("SELECT * FROM audit_event WHERE type = 'audit_removed'").at(0);
    EXPECT_EQ(told.at("outcome"), "failure");
    EXPECT_EQ(nlohmann::json::parse(told.at("detail").get<std::string>()).at("unsent_from"), 2);
    EXPECT_EQ(after(1).front().number, 4) << "and the others are sent";
    EXPECT_EQ(audit_backlogs(database_).front().waiting, 8);
}

}  // namespace
}  // namespace hilum
