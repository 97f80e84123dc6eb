#include "store/refused_instances.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "contract/association_end.h"
#include "store/overview/overview.h"
#include "store/receiver_events.h"
#include "test_database.h"

namespace hilum {
namespace {

using test::TemporaryFolder;
using testing::HasSubstr;

class RefusedInstancesTest : public testing::Test {
  protected:
    static ReceiverEvent refused(const std::string& sop_instance_uid, const std::string& peer = "10.1.0.5") {
        ReceiverEvent event;
        event.event = ReceiverEventKind::store_failed;
        event.code = "truncated";
        event.dimse_status = 0xC001;
        event.calling_ae = "PACS";
        event.peer = peer;
        event.sop_instance_uid = sop_instance_uid;
        event.study_instance_uid = "1.2.3";
        event.accession_number = "A1";
        event.patient_id = "P1";
        event.detail = "the data set ends within an element";
        return event;
    }
    nlohmann::json jobs(const JobFilter& filter) {
        return Overview::open(folder_.path() / "hilum.db").value().jobs(filter).value();
    }
    std::int64_t rows() { return *database_.number("SELECT count(*) FROM refused_instance"); }

    TemporaryFolder folder_;
    test::TestDatabase database_ = test::open_database(folder_);
};

TEST_F(RefusedInstancesTest, AreFoundByStudyAndByAccessionNumber) {
    keep_refused_instance(database_, refused("2.25.1"));
    for (const auto& filter : {JobFilter{"A1", "", "", 10}, JobFilter{"", "1.2.3", "", 10}}) {
        const auto found = jobs(filter);
        ASSERT_EQ(found.size(), 1U);
        EXPECT_EQ(found[0].at("kind"), "receipt");
        EXPECT_EQ(found[0].at("state"), "refused");
        EXPECT_EQ(found[0].at("error"),
                  "refused on receipt: C001 from PACS (10.1.0.5): the data set ends within an element");
        EXPECT_THAT(found[0].at("created_at").get<std::string>(), HasSubstr("T"));
    }
    EXPECT_TRUE(jobs({"A2", "", "", 10}).empty());
}

TEST_F(RefusedInstancesTest, AreToldOnceWithACountHoweverOftenTheyAreSent) {
    for (int i = 0; i < 5; ++i) keep_refused_instance(database_, refused("2.25.1"));
    const auto found = jobs({"A1", "", "", 10});
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].at("attempts"), 5);
}

TEST_F(RefusedInstancesTest, AreForgottenOnceTheyAreTaken) {
    keep_refused_instance(database_, refused("2.25.1"));
    keep_refused_instance(database_, refused("2.25.2"));
    forget_refused_instance(database_, "2.25.1");
    const auto found = jobs({"A1", "", "", 10});
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].at("sop_instance_uid"), "2.25.2");
}

// The command's UID was no UID, or another than the data set's; then the sender was put right.
TEST_F(RefusedInstancesTest, AreForgottenByEitherOfTheirUids) {
    auto no_uid = refused("1.2.3.abc"), other = refused("2.25.8"), unknown = refused("2.25.9");
    no_uid.dataset_sop_instance_uid = "2.25.1";
    other.dataset_sop_instance_uid = "2.25.2";
    for (const auto& event : {no_uid, other, unknown}) keep_refused_instance(database_, event);
    forget_refused_instance(database_, "2.25.1");
    EXPECT_EQ(rows(), 2);
    forget_refused_instance(database_, "2.25.8");
    EXPECT_EQ(rows(), 1) << "it was taken as the command had it";
    keep_refused_instance(database_, other);
    forget_refused_instance(database_, "2.25.2");
    EXPECT_EQ(rows(), 1) << "as the data set had it";
    EXPECT_EQ(database_.number("SELECT 1 FROM refused_instance WHERE sop_instance_uid = '2.25.9'"), 1);
}

TEST_F(RefusedInstancesTest, OfOneWrongUidThereIsATraceForEachObject) {
    for (const auto* uid : {"2.25.1", "2.25.2"}) {
        auto event = refused("1.2.3.abc");
        event.dataset_sop_instance_uid = uid;
        keep_refused_instance(database_, event);
    }
    EXPECT_EQ(rows(), 2);
    forget_refused_instance(database_, "2.25.2");
    EXPECT_EQ(rows(), 1);
}

TEST_F(RefusedInstancesTest, APeerThatSendsGarbageForEverPushesOutItsOwnAlone) {
    keep_refused_instance(database_, refused("2.25.1", "10.1.0.6"));
    for (int i = 0; i < most_refused_of_a_peer + 50; ++i)
        keep_refused_instance(database_, refused("2.25.99." + std::to_string(i)));
    EXPECT_EQ(rows(), most_refused_of_a_peer + 1);
    EXPECT_EQ(database_.number("SELECT count(*) FROM refused_instance WHERE sop_instance_uid = '2.25.99.0'"),
              0);
    EXPECT_EQ(database_.number("SELECT count(*) FROM refused_instance WHERE sop_instance_uid = '2.25.1'"), 1);
}

TEST_F(RefusedInstancesTest, ManyPeersTogetherAreBoundedToo) {
    database_.execute("BEGIN");
    for (int i = 0; i < most_refused + 300; ++i)
        keep_refused_instance(database_,
                              refused("2.25." + std::to_string(i), "peer " + std::to_string(i / 500)));
    database_.execute("COMMIT");
    EXPECT_LE(rows(), most_refused + 100);
}

TEST_F(RefusedInstancesTest, ShowWithTheirAuditEvents) {
    record_receiver_event(database_, refused("2.25.1"), true, 3);
    const auto job = Overview::open(folder_.path() / "hilum.db").value().job("receipt", 1).value();
    ASSERT_EQ(job.at("events").size(), 1U);
    EXPECT_EQ(job["events"][0].at("type"), "store_failed");
    EXPECT_EQ(job["events"][0].at("patient_id"), "P1");
    EXPECT_EQ(job["events"][0]["detail"].at("accession_number"), "A1");
    EXPECT_EQ(job["events"][0]["detail"].at("events_left_out_before"), 3);
}

TEST_F(RefusedInstancesTest, TheEndOfAnAssociationIsCountedByItsReasonAndAuditedUnlessItWasReleased) {
    ReceiverEvent released, lost;
    released.event = ReceiverEventKind::association_released;
    released.code = "released";
    lost.event = ReceiverEventKind::association_aborted;
    lost.code = "connection_lost";
    EXPECT_FALSE(is_failure(released));
    EXPECT_TRUE(is_failure(lost));
    record_receiver_event(database_, released, is_failure(released), 0);
    record_receiver_event(database_, lost, is_failure(lost), 0);
    const auto count = [&](const char* name, const char* labels) {
        return database_.number("SELECT value FROM counter WHERE name = ? AND labels = ?", name, labels)
            .value_or(0);
    };
    EXPECT_EQ(count("association_ends", R"({"reason":"connection_lost"})"), 1);
    EXPECT_EQ(count("association_ends", R"({"reason":"released"})"), 1);
    EXPECT_EQ(count("receiver_events", R"({"event":"association_aborted"})"), 1);
    EXPECT_EQ(database_.number("SELECT count(*) FROM audit_event"), 1);
}

TEST_F(RefusedInstancesTest, ContextsThatWereRefusedBesideOthersAreNoFailure) {
    ReceiverEvent some, all;
    some.event = all.event = ReceiverEventKind::contexts_refused;
    some.contexts_accepted = 2;
    EXPECT_FALSE(is_failure(some));
    EXPECT_TRUE(is_failure(all));
    record_receiver_event(database_, some, true, 0);
    record_receiver_event(database_, all, true, 0);
    EXPECT_EQ(database_.number("SELECT json_extract(detail, '$.contexts_accepted') FROM audit_event WHERE "
                               "type = 'contexts_refused' AND outcome = 'success'"),
              2);
    EXPECT_EQ(database_.number("SELECT count(*) FROM audit_event WHERE outcome = 'failure'"), 1);
}

TEST(AssociationEnd, EachHasWordsOfItsOwn) {
    for (const auto& words : association_ends) {
        EXPECT_EQ(words_of(words.end).code, words.code);
        EXPECT_EQ(std::count_if(association_ends.begin(), association_ends.end(),
                                [&](const auto& other) { return other.code == words.code; }),
                  1);
    }
    EXPECT_EQ(association_ends.size(), static_cast<std::size_t>(AssociationEnd::receiver_failed) + 1);
}

}  // namespace
}  // namespace hilum
