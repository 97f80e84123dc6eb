#include "store/audit/audit_removal.h"

#include "store/overview/overview.h"
#include "unit/store/test_database.h"

namespace hilum {
namespace {

using std::chrono::hours;

class AuditRemovalTest : public testing::Test {
  protected:
    void happens(Timestamp at) {
        audit::AuditEvent event;
        event.type = "instance_received";
        event.study_instance_uid = "1.2.3";
        database_.at(at).append_audit(event);
    }
    int remove(Duration keep) { return remove_old_audit_events(database_.at(today_), keep); }
    nlohmann::json verify() { return Overview::open(folder_.path() / "hilum.db")->verify_audit().value(); }

    test::TemporaryFolder folder_;
    test::TestDatabase database_ = test::open_database(folder_);
    Timestamp today_ = now();
};

TEST_F(AuditRemovalTest, LeavesAChainThatHoldsAndSaysWhereItBegins) {
    for (int i = 10; i > 0; --i) happens(today_ - hours(24 * i));
    const auto removed_hash = database_.select("SELECT hash FROM audit_event WHERE id = 7")[0]["hash"];
    EXPECT_EQ(remove(hours(24 * 4)), 7);
    auto verified = verify();
    EXPECT_TRUE(verified.at("intact")) << verified;
    EXPECT_EQ(verified.at("begins_after"), 7);
    EXPECT_EQ(verified.at("begins_after_hash"), removed_hash);
    EXPECT_EQ(verified.at("events"), 4) << "three that are young, and the one that tells of the removal";
    happens(today_);
    EXPECT_EQ(remove(hours(24 * 2)), 2);
    verified = verify();
    EXPECT_TRUE(verified.at("intact")) << verified;
    EXPECT_EQ(verified.at("begins_after"), 9);
}

TEST_F(AuditRemovalTest, BeginsWithTheFirstDigestWhereNothingWasRemoved) {
    happens(today_);
    EXPECT_EQ(verify().at("begins_after_hash"), audit::first_hash);
}

TEST_F(AuditRemovalTest, ShowsWhoRemovesMoreByHand) {
    for (int i = 10; i > 0; --i) happens(today_ - hours(24 * i));
    remove(hours(24 * 4));
    const auto hash =
        database_.select("SELECT hash FROM audit_event WHERE id = 8").at(0).at("hash").get<std::string>();
    database_.execute("DELETE FROM audit_event WHERE id = 8");
    EXPECT_FALSE(verify().at("intact"));
    // Nor does it help to say that this was in order: the trail itself does not.
    database_.execute("INSERT INTO audit_checkpoint VALUES(8, ?, 1, 1)", hash);
    EXPECT_FALSE(verify().at("intact"));
}

TEST_F(AuditRemovalTest, RemovesNothingThatIsYoungAndNeverTheNewest) {
    EXPECT_EQ(remove(hours(1)), 0) << "of an empty trail";
    happens(today_ - hours(48));
    EXPECT_EQ(remove(hours(1)), 0);
    happens(today_ - hours(48));
    EXPECT_EQ(remove(hours(100)), 0);
    EXPECT_EQ(remove(hours(1)), 1);
    EXPECT_EQ(remove(hours(1)), 1);
    EXPECT_TRUE(verify().at("intact"));
}

TEST_F(AuditRemovalTest, AnEventThatIsYoungKeepsThoseBehindIt) {
    happens(today_ - hours(48));
    happens(today_ + hours(48));  // by a clock that was wrong
    happens(today_ - hours(48));
    happens(today_);
    EXPECT_EQ(remove(hours(1)), 1);
    EXPECT_EQ(remove(hours(1)), 0);
    EXPECT_TRUE(verify().at("intact"));
}

}  // namespace
}  // namespace hilum
