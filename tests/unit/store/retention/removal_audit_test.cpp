// What the audit trail tells of files that go while their studies stay.
#include <gmock/gmock.h>

#include "store/database/sql.h"
#include "store/retention/removal.h"
#include "unit/store/store_contract.h"

namespace hilum {
namespace {

using testing::ElementsAre;
using testing::Pair;

class RemovalAuditContract : public test::StoreContract {
  protected:
    static constexpr std::chrono::hours old{24 * 8};

    // Three results of two studies.
    void finish_all() {
        for (const auto& [uid, study] :
             {std::pair("1.1.1", "1.1"), std::pair("1.1.2", "1.1"), std::pair("1.2.1", "1.2")}) {
            make_delivery(uid, study);
            keep(*claim_delivery(), DeliveryOutcome::delivered);
        }
    }
    // Study and number of files of each event.
    std::vector<std::pair<std::string, int>> told(const char* type) {
        std::vector<std::pair<std::string, int>> all;
        commit([&](Transaction& t) {
            sql::each(
                t,
                "SELECT study_instance_uid, json_extract(detail, '$.files') FROM audit_event WHERE type = ?"
                " ORDER BY id",
                [&](const sql::Row& row) { all.emplace_back(row.text(0), row.int32(1)); }, type);
        });
        return all;
    }
    RemovalRules rules_{RetentionSettings{}, true, false, std::chrono::seconds(10)};
};
HILUM_FOR_ALL_ENGINES(RemovalAuditContract);

TEST_P(RemovalAuditContract, NamesEachStudyOfWhichCapturesGo) {
    finish_all();
    commit([](Transaction& t) { sql::execute(t, "UPDATE result SET kind = 'sc'"); });
    pass(old);
    EXPECT_EQ(commit([&](Transaction& t) { return remove_sent_captures(t, rules_); }).removed, 3);
    EXPECT_THAT(told("captures_removed"), ElementsAre(Pair("1.1", 2), Pair("1.2", 1)));
    EXPECT_EQ(counted("removed_files", {{"reason", "delivered"}}), 3);
}

TEST_P(RemovalAuditContract, NamesEachStudyOfWhichReplacedObjectsGo) {
    finish_all();
    commit([](Transaction& t) { sql::execute(t, "UPDATE instance SET state = 'superseded'"); });
    pass(old);
    EXPECT_EQ(commit([&](Transaction& t) { return remove_replaced_objects(t, rules_); }).removed, 3);
    EXPECT_THAT(told("replaced_objects_removed"), ElementsAre(Pair("1.1", 2), Pair("1.2", 1)));
    EXPECT_EQ(counted("removed_files", {{"reason", "replaced"}}), 3);
}

}  // namespace
}  // namespace hilum
