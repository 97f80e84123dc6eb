#include "store/jobs/damaged_rows.h"

#include <gtest/gtest.h>

#include "store/commitments.h"
#include "store/database/sql.h"
#include "store/destinations.h"
#include "store/jobs/orders.h"
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
    // What one byte in an index does: it names jobs as queued that are done.
    void make_lie(const char* index) {
        const auto swap = [&](const char* from, const char* to) {
            damage("PRAGMA writable_schema = ON");
            damage("UPDATE sqlite_schema SET sql = replace(sql, ?1, ?2) WHERE name = ?3", from, to, index);
            damage("PRAGMA writable_schema = RESET");
        };
        swap("'queued'", "'done'");
        damage((std::string("REINDEX ") + index).c_str());
        swap("'done'", "'queued'");
    }
    // What the node ends with, so that its next start makes the indices anew.
    template <typename Work>
    void expect_found_out(Work work) {
        const auto done = database_.transact(time_, std::move(work));
        ASSERT_FALSE(done);
        EXPECT_NE(done.error().message.find("index"), std::string::npos) << done.error().message;
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

TEST_P(DamagedRows, OfAWithdrawalSendNothingAgainThatArrived) {
    make_delivery("1.2.3.4", "1.2.3");
    keep(*claim_delivery(), DeliveryOutcome::delivered);
    commit([](Transaction& t) { withdraw_results(t, {"1.2.3", "", "quality", ""}, "operator"); });
    const auto note = claim_report();
    ASSERT_TRUE(note.report);
    keep(note.report->claim, composed(note.report->claim, "9.2"));
    keep(*claim_delivery(), DeliveryOutcome::refused);
    damage("UPDATE report SET detail = 'x' WHERE kind = 'withdrawal'");
    EXPECT_EQ(commit([](Transaction& t) { return retry_jobs(t, {"analysis", 1, "", ""}, "operator"); }), 1);
    keep(*claim_analysis());
    const auto newer = claim_report();
    ASSERT_TRUE(newer.report);
    keep(newer.report->claim, composed(newer.report->claim, "9.3"));
    const auto claimed = claim_delivery();
    ASSERT_TRUE(claimed);
    EXPECT_EQ(claimed->request.sop_instance_uid, "9.3");
    EXPECT_EQ(keep(*claimed, DeliveryOutcome::delivered), JobState::delivered);
    EXPECT_EQ(state(Lane::delivery, 2), "queued") << "it may take back what was told of another patient";
}

TEST_P(DamagedRows, AreNotTakenUpBecauseAnIndexSaysSo) {
    receive("1.2.3.4");
    keep(*claim_analysis());
    make_lie("job_order");
    expect_found_out(
        [&](Transaction& t) { return hilum::claim_analysis(t, "demo", std::chrono::minutes(1)); });
}

TEST_P(DamagedRows, AreNotAskedForBecauseAnIndexSaysSo) {
    pacs().storage_commitment = true;
    make_delivery();
    keep(*claim_delivery(), DeliveryOutcome::delivered);
    commit([](Transaction& t) { know_committed(t, "pacs", 1); });
    make_lie("job_queue");
    pass(std::chrono::hours(1));
    expect_found_out([&](Transaction& t) { return claim_commitment(t, pacs()).request.has_value(); });
}

TEST_P(DamagedRows, AreNotGivenUpBecauseAnIndexSaysSo) {
    make_delivery();
    keep(*claim_delivery(), DeliveryOutcome::delivered);
    for (const auto* index : {"job_order", "job_queue"}) make_lie(index);
    pass(2 * pacs().give_up_after);
    expect_found_out([&](Transaction& t) { return expire_deliveries(t, pacs(), "nobody listens"); });
}

}  // namespace
}  // namespace hilum
