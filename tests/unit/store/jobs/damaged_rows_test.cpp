#include "store/jobs/damaged_rows.h"

#include <gtest/gtest.h>

#include "store/database/sql.h"
#include "store/withdrawals.h"
#include "unit/store/store_contract.h"

namespace hilum {
namespace {

// Which speaks SQL, as what damages rows does.
class DamagedRows : public test::StoreContract {
  protected:
    template <typename... Args>
    void damage(const char* sql, const Args&... args) {
        commit([&](Transaction& t) { sql::execute(t, sql, args...); });
    }
    void analyse(const std::string& uid, const std::string& study) {
        receive(uid, study);
        keep(*claim_analysis());
    }
    int look() {
        return commit([](Transaction& t) { return set_aside_unknown_states(t); });
    }
};
HILUM_FOR_ALL_ENGINES(DamagedRows);

TEST_P(DamagedRows, OfOneOutcomeStopNoOtherReport) {
    analyse("1.2.3.4", "1.2.3");
    analyse("1.2.4.4", "1.2.4");
    damage("UPDATE analysis SET outcome = 'x' || substr(outcome, 2) WHERE id = 1");
    const auto next = claim_report();
    ASSERT_TRUE(next.report);
    EXPECT_EQ(next.report->request.study_instance_uid, "1.2.4");
    EXPECT_EQ(events("row_damaged"), 1);
    EXPECT_EQ(counted("rows_damaged", {}), 1);
    const auto again = claim_analysis();
    ASSERT_TRUE(again) << "its image is analysed again";
    EXPECT_EQ(again->study_instance_uid, "1.2.3");
    keep(*again);
    const auto mended = claim_report();
    ASSERT_TRUE(mended.report);
    EXPECT_EQ(mended.report->request.study_instance_uid, "1.2.3");
}

TEST_P(DamagedRows, OfAStateThatIsNoneAreSetAside) {
    receive("1.2.3.4");
    receive("1.2.4.4", "1.2.4");
    damage("UPDATE job SET state = 'quEued' WHERE id = 1");
    EXPECT_EQ(look(), 1);
    EXPECT_EQ(look(), 0);
    EXPECT_EQ(state(Lane::analysis, 1), "quarantined");
    EXPECT_NE(job(Lane::analysis, 1).at("error").get<std::string>().find("which is none"), std::string::npos);
    const auto claimed = claim_analysis();
    ASSERT_TRUE(claimed);
    EXPECT_EQ(claimed->study_instance_uid, "1.2.4");
}

// What one byte in a table does: no index knows of it, and the running check does.
TEST_P(DamagedRows, OfAStateThatIsNoneAreMissedByTheCheckOfTheirTable) {
    receive("1.2.3.4");
    keep(*claim_analysis());
    const auto swap = [&](const char* from, const char* to) {
        damage("PRAGMA writable_schema = ON");
        damage("UPDATE sqlite_schema SET sql = replace(sql, ?1, ?2) WHERE name = 'job_in_no_state'", from,
               to);
        damage("PRAGMA writable_schema = RESET");
    };
    EXPECT_TRUE(database_.problems_of("job").value().empty());
    swap("NOT IN ('queued'", "NOT IN ('donf', 'queued'");
    damage("UPDATE job SET state = 'donf' WHERE id = 1");
    swap("NOT IN ('donf', 'queued'", "NOT IN ('queued'");
    EXPECT_EQ(look(), 0);
    const auto problems = database_.problems_of("job").value();
    ASSERT_FALSE(problems.empty());
    commit([&](Transaction& t) { mend_indices_of(t, "job", problems); });
    EXPECT_EQ(state(Lane::analysis, 1), "quarantined");
}

TEST_P(DamagedRows, OfAnInstanceGetTheStateThatTheyHad) {
    receive("1.2.3.4");
    damage("UPDATE instance SET state = 'to_anblyse'");
    EXPECT_EQ(look(), 1);
    keep(*claim_analysis());
    const auto next = claim_report();
    ASSERT_TRUE(next.report);
    EXPECT_EQ(next.report->request.images.size(), 1u);
}

TEST_P(DamagedRows, OfAWithdrawalAreSetAsideAlone) {
    make_delivery("1.2.3.4", "1.2.3");
    keep(*claim_delivery(), DeliveryOutcome::delivered);
    commit([](Transaction& t) { withdraw_results(t, {"1.2.3", "", "quality", ""}, "operator"); });
    damage("UPDATE report SET detail = '{' WHERE kind = 'withdrawal'");
    analyse("1.2.4.4", "1.2.4");
    const auto next = claim_report();
    ASSERT_TRUE(next.report);
    EXPECT_EQ(next.report->request.study_instance_uid, "1.2.4");
    EXPECT_EQ(events("row_damaged"), 1);
}

TEST_P(DamagedRows, OfADeliveryThatIsOfNothingStopNoOther) {
    make_delivery("1.2.3.4", "1.2.3");
    make_delivery("1.2.4.4", "1.2.4");
    damage("PRAGMA defer_foreign_keys = ON");
    damage("UPDATE result SET file = '' WHERE id = 1");
    const auto claimed = claim_delivery();
    ASSERT_TRUE(claimed);
    EXPECT_EQ(claimed->study_instance_uid, "1.2.4");
}

TEST_P(DamagedRows, ThatWereLostAreMadeAnew) {
    receive("1.2.3.4");
    damage("DELETE FROM job");
    damage("UPDATE job_total SET jobs = 17");
    EXPECT_FALSE(claim_analysis());
    commit([](Transaction& t) { queue_lost_jobs(t); });
    EXPECT_TRUE(claim_analysis());
}

// What one byte in an index does: the row is done, and the index says that it waits.
TEST_P(DamagedRows, AreNotTakenUpBecauseAnIndexSaysSo) {
    receive("1.2.3.4");
    keep(*claim_analysis());
    damage("PRAGMA writable_schema = ON");
    damage("UPDATE sqlite_schema SET sql = replace(sql, '''queued''', '''done''') WHERE name = 'job_order'");
    damage("PRAGMA writable_schema = RESET");
    damage("REINDEX job_order");
    damage("PRAGMA writable_schema = ON");
    damage("UPDATE sqlite_schema SET sql = replace(sql, '''done''', '''queued''') WHERE name = 'job_order'");
    damage("PRAGMA writable_schema = RESET");
    const auto claimed = database_.transact(
        time_, [&](Transaction& t) { return hilum::claim_analysis(t, "demo", std::chrono::minutes(1)); });
    ASSERT_FALSE(claimed);
    EXPECT_NE(claimed.error().message.find("index"), std::string::npos);
}

}  // namespace
}  // namespace hilum
