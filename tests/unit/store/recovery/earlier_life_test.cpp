#include "store/recovery/earlier_life.h"

#include <gmock/gmock.h>

#include "base/digest.h"
#include "store/retention/holds.h"
#include "store/retention/removal.h"
#include "store/retention/retention_status.h"
#include "unit/store/recovery/earlier_life_fixture.h"

namespace hilum {
namespace {

using std::chrono::hours;

class EarlierLife : public test::EarlierLife {
  protected:
    // As a Hilum noted it that counted all models, and images whose files are gone.
    void note_report_as_before() {
        commit([](Transaction& t) {
            Sha256 digest;
            sql::each(
                t,
                "SELECT sop_instance_uid, dataset_sha256, analysis.model, frame, word, "
                "coalesce(json_extract(analysis.outcome, '$.model'), '') FROM instance JOIN analysis ON "
                "instance_id = instance.id JOIN job ON job.kind = 'analysis' AND subject = analysis.id "
                "ORDER BY sop_instance_uid, dataset_sha256, analysis.model, frame",
                [&](const sql::Row& row) {
                    for (int i = 0; i < row.columns(); ++i) digest.update(row.text(i) + "\n");
                });
            t.note_fact({{"fact", "reported"},
                         {"at", t.at()},
                         {"study", "1.2.3"},
                         {"version", 1},
                         {"images", digest.hex()}});
            t.append_audit({});
        });
    }
    nlohmann::json holds() {
        return commit([](Transaction& t) { return retention_status(t); }).at("holds");
    }
    int removed_by_age() {
        const RemovalRules rules{RetentionSettings{}, true, false, std::chrono::seconds(10)};
        return commit([&](Transaction& t) { return remove_studies(t, {}, rules, 1 << 30).removed; });
    }
};
HILUM_FOR_ALL_ENGINES(EarlierLife);

// ---- shadow models ----

TEST_P(EarlierLife, AShadowModelThatWasAddedMakesNoNewVersion) {
    make_delivery();
    deliver();
    add_a_shadow();
    expect_nothing_new(after_the_loss());
}

TEST_P(EarlierLife, AShadowModelThatWasRemovedMakesNoNewVersion) {
    add_a_shadow();
    receive("1.2.3.4");
    analyse_under_the_shadow();
    make_delivery();
    deliver();
    remove_the_shadow();
    expect_nothing_new(after_the_loss());
}

TEST_P(EarlierLife, AnotherActiveModelMakesANewVersion) {
    make_delivery();
    deliver();
    add_a_shadow();
    configuration_.models.back().mode = ModelMode::active;
    lose_the_database();
    adopt(test::received("1.2.3.4"));
    keep(*claim_analysis());
    analyse_under_the_shadow();
    const auto next = claim_report();
    ASSERT_TRUE(next.report);
    EXPECT_EQ(next.report->request.version, 2);
}

TEST_P(EarlierLife, AReportThatAHilumNotedWhichCountedShadowsIsMadeAgainAsItWas) {
    add_a_shadow();
    receive("1.2.3.4");
    analyse_under_the_shadow();
    make_delivery();
    deliver();
    note_report_as_before();
    lose_the_database();
    adopt(test::received("1.2.3.4"));
    keep(*claim_analysis());
    analyse_under_the_shadow();
    expect_nothing_new(claim_report());
}

TEST_P(EarlierLife, ImagesWhoseFilesRetentionTookAreInNoVersion) {
    for (const auto* uid : {"1.2.3.4", "1.2.3.9"}) {
        receive(uid);
        keep(*claim_analysis());
    }
    const auto first = claim_report();
    ASSERT_TRUE(first.report);
    keep(first.report->claim, composed(first.report->claim, "9.first"));
    commit([](Transaction& t) {
        sql::execute(t, "UPDATE instance SET removed_at = 1 WHERE sop_instance_uid = '1.2.3.9'");
    });
    receive("1.2.3.10");
    keep(*claim_analysis());
    const auto second = claim_report();
    ASSERT_TRUE(second.report);
    ASSERT_EQ(second.report->request.version, 2);
    keep(second.report->claim, composed(second.report->claim, "9.second"));
    lose_the_database();
    const auto again = report_of_adopted({"1.2.3.4", "1.2.3.10"});
    ASSERT_TRUE(again.report);
    EXPECT_EQ(again.report->request.version, 2) << "the same";
}

// ---- holds and ages ----

TEST_P(EarlierLife, HoldsAreKnownToARebuiltDatabase) {
    receive("1.2.3.4");
    commit([](Transaction& t) { return hold_study(t, "1.2.3", "trial 16", "operator ann"); });
    commit([](Transaction& t) { return hold_study(t, "1.2.3", "trial 17", "operator bob"); });
    lose_the_database();
    ASSERT_EQ(holds().size(), 1u);
    EXPECT_EQ(holds().at(0).at("reason"), "trial 17");
    EXPECT_EQ(holds().at(0).at("held_by"), "operator bob");
    adopt(of_long_ago(), hours(24 * 400));
    pass(hours(24 * 400));
    EXPECT_EQ(removed_by_age(), 0);
}

TEST_P(EarlierLife, HoldsAndReleasesSinceTheBackupAreKnown) {
    receive("1.2.3.4");
    receive("2.2.2", "2.2");
    commit([](Transaction& t) { return hold_study(t, "1.2.3", "trial 17", "operator ann"); });
    back_up();
    commit([](Transaction& t) { return release_study(t, "1.2.3", "", "operator ann"); });
    commit([](Transaction& t) { return hold_study(t, "2.2", "a complaint", "operator ann"); });
    restore_the_backup();
    ASSERT_EQ(holds().size(), 1u);
    EXPECT_EQ(holds().at(0).at("study_instance_uid"), "2.2");
}

TEST_P(EarlierLife, AHoldThatNobodyNotedIsNotedAtTheNextStart) {
    receive("1.2.3.4");
    commit([](Transaction& t) {
        sql::execute(t, "UPDATE study SET held_at = 7, held_by = 'ann', held_for = 'a trial'");
    });
    begin();
    lose_the_database();
    ASSERT_EQ(holds().size(), 1u);
    EXPECT_EQ(holds().at(0).at("reason"), "a trial");
}

TEST_P(EarlierLife, AgesCountFromTheLoss) {
    receive("1.2.3.4");
    pass(hours(24 * 40));
    lose_the_database();
    commit([&](Transaction& t) {  // that life began by the machine's own clock
        sql::execute(t, "UPDATE generation SET since = ? WHERE since > 0", t.at());
    });
    EXPECT_EQ(adopt(of_long_ago(), hours(24 * 40)).outcome, Adoption::adopted);
    EXPECT_EQ(removed_by_age(), 0) << "a prior, and as old as its file";
    pass(hours(24 * 3));
    EXPECT_EQ(removed_by_age(), 1);
}

TEST_P(EarlierLife, AStudyThatOnlyTheJournalKnowsGoesWithAge) {
    make_delivery("1.1.1", "1.1");
    make_delivery();
    withdraw();
    commit([](Transaction& t) { return hold_study(t, "1.1", "a trial", "operator ann"); });
    lose_the_database();
    commit([](Transaction& t) { return release_study(t, "1.1", "", "operator ann"); });
    EXPECT_FALSE(claim_report().report) << "nobody has results that a note would take back";
    pass(hours(24 * 365));
    EXPECT_EQ(removed_by_age(), 2);
}

}  // namespace
}  // namespace hilum
