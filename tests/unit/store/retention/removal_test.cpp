#include "store/retention/removal.h"

#include <gmock/gmock.h>

#include "store/commitments.h"
#include "store/database/sql.h"
#include "store/jobs/orders.h"
#include "store/retention/forgetting.h"
#include "store/retention/holds.h"
#include "store/retention/removed_files.h"
#include "store/retention/retention_status.h"
#include "unit/store/store_contract.h"

namespace hilum {
namespace {

using std::chrono::hours;

class RemovalContract : public test::StoreContract {
  protected:
    static RemovalRules by_age() { return {RetentionSettings{}, true, false, std::chrono::seconds(10)}; }
    static RemovalRules by_budget() { return {RetentionSettings{}, false, true, std::chrono::seconds(10)}; }
    RemovalStep remove(const RemovalRules& rules, std::int64_t enough = 1 << 30) {
        return commit([&](Transaction& t) { return remove_studies(t, {}, rules, enough); });
    }
    void deliver() {
        auto claimed = claim_delivery();
        ASSERT_TRUE(claimed);
        keep(*claimed, DeliveryOutcome::delivered);
    }
    // Delivered, and nothing waits for it.
    void finish(const std::string& uid = "1.2.3.4", const std::string& study = "1.2.3") {
        make_delivery(uid, study);
        deliver();
    }
    // Of the results that there are.
    void make_capture() {
        commit([](Transaction& t) { sql::execute(t, "UPDATE result SET kind = 'sc'"); });
    }
    std::vector<std::string> to_unlink() {
        std::vector<std::string> names;
        for (const auto& file : commit([](Transaction& t) { return files_to_remove(t); }))
            names.push_back(file.folder + "/" + file.file);
        return names;
    }
    void unlinked() {
        commit([](Transaction& t) {
            std::vector<std::int64_t> rows;
            for (const auto& file : files_to_remove(t)) rows.push_back(file.row);
            forget_removed_files(t, rows);
        });
    }
    StoreAnswer receive_again(const std::string& uid, const std::string& study,
                              const std::string& bytes = "a", const std::string& file = "again.dcm") {
        auto commit_of = test::received(uid, study, bytes);
        commit_of.file = file;
        return commit([&](Transaction& t) { return instances_.store(t, commit_of).answer; });
    }
};
HILUM_FOR_ALL_ENGINES(RemovalContract);

TEST_P(RemovalContract, TakesADeliveredStudyByItsAgeAndNotBefore) {
    finish();
    pass(hours(29 * 24));
    EXPECT_EQ(remove(by_age()).removed, 0);
    pass(hours(2 * 24));
    EXPECT_EQ(remove(by_age()).removed, 1);
    EXPECT_THAT(to_unlink(), testing::UnorderedElementsAre("spool/1.2.3.4a.dcm", "results/9.1.2.3.4.dcm"));
    EXPECT_EQ(events("study_removed"), 1);
    EXPECT_EQ(counted("removed_studies", {{"reason", "age"}}), 1);
    EXPECT_EQ(remove(by_age()).removed, 0) << "once";
}

TEST_P(RemovalContract, TakesNothingThatIsNotDelivered) {
    make_delivery();
    pass(hours(24 * 365));
    EXPECT_EQ(remove(by_age()).removed, 0);
    EXPECT_EQ(remove(by_budget()).removed, 0);
    EXPECT_TRUE(to_unlink().empty());
}

TEST_P(RemovalContract, WaitsForTheCommitmentThatWasAskedFor) {
    pacs().storage_commitment = true;
    finish();
    pass(hours(1));
    EXPECT_EQ(remove(by_budget()).removed, 0);
    const auto asked = commit([&](Transaction& t) { return claim_commitment(t, pacs()).request; });
    ASSERT_TRUE(asked);
    CommitmentReport report;
    report.transaction_uid = asked->transaction_uid;
    report.committed = {"9.1.2.3.4"};
    commit([&](Transaction& t) { keep_commitment_report(t, report, pacs()); });
    pass(hours(1));
    EXPECT_EQ(remove(by_budget()).removed, 1);
}

TEST_P(RemovalContract, IsHeldUpByNoCommitmentThatNobodyIsAskedForAnyMore) {
    pacs().storage_commitment = true;
    finish();
    pass(hours(1));
    const auto ask = [&] {
        return commit([&](Transaction& t) { return claim_commitment(t, pacs()).request.has_value(); });
    };
    EXPECT_TRUE(ask());
    pass(pacs().give_up_after + pacs().commitment_wait);
    EXPECT_FALSE(ask()) << "it was given up";
    pass(hours(1));
    EXPECT_EQ(remove(by_budget()).removed, 0);
    commit([](Transaction& t) { take_up_commitments(t, {}); });
    pass(hours(1));
    EXPECT_EQ(remove(by_budget()).removed, 1);
}

TEST_P(RemovalContract, TakesTheOldestFirstForTheBudgetAndNoMoreThanEnough) {
    finish("1.1.1", "1.1");
    pass(hours(1));
    finish("1.2.1", "1.2");
    pass(hours(1));
    const auto step = remove(by_budget(), 5);
    EXPECT_EQ(step.removed, 1);
    EXPECT_EQ(step.bytes, 10);
    EXPECT_THAT(to_unlink(), testing::Contains("spool/1.1.1a.dcm"));
    EXPECT_THAT(to_unlink(), testing::Not(testing::Contains("spool/1.2.1a.dcm")));
}

TEST_P(RemovalContract, KeepsWhatIsHeldUntilItIsReleased) {
    finish();
    pass(hours(24 * 40));
    const auto held =
        commit([](Transaction& t) { return hold_study(t, "1.2.3", "a trial", "operator ann"); });
    EXPECT_TRUE(held.known && held.changed && !held.removed);
    EXPECT_EQ(remove(by_age()).removed, 0);
    EXPECT_EQ(remove(by_budget()).removed, 0);
    const auto status = commit([](Transaction& t) { return retention_status(t); });
    EXPECT_EQ(status.at("holds").at(0).at("held_by"), "operator ann");
    EXPECT_EQ(status.at("holds").at(0).at("reason"), "a trial");
    EXPECT_TRUE(commit([](Transaction& t) { return release_study(t, "1.2.3", "", "operator ann"); }).changed);
    EXPECT_EQ(events("study_held"), 1);
    EXPECT_EQ(events("study_released"), 1);
    EXPECT_EQ(remove(by_age()).removed, 1);
    EXPECT_FALSE(commit([](Transaction& t) { return hold_study(t, "7.7", "x", "y"); }).known);
}

TEST_P(RemovalContract, GivesWhatFailedAnAgeOfItsOwnAndSaysSo) {
    make_delivery();
    keep(*claim_delivery(), DeliveryOutcome::unsendable);
    pass(hours(24 * 60));
    EXPECT_EQ(remove(by_age()).removed, 0) << "it waits for an operator";
    EXPECT_EQ(remove(by_budget()).removed, 0) << "nor for the budget";
    pass(hours(24 * 31));
    EXPECT_EQ(remove(by_age()).removed, 1);
    EXPECT_EQ(counted("removed_studies", {{"reason", "failed"}}), 1);
    EXPECT_EQ(state(Lane::delivery, 1), "discarded");
}

TEST_P(RemovalContract, GivesAStudyOfWhichNoReportCouldBeOpenedTheAgeOfWhatFailed) {
    finish();
    make_capture();
    commit([](Transaction& t) { sql::execute(t, "UPDATE study SET damage = 'malformed'"); });
    pass(hours(24 * 60));
    EXPECT_EQ(remove(by_age()).removed, 0);
    EXPECT_EQ(remove(by_budget()).removed, 0);
    EXPECT_EQ(commit([&](Transaction& t) { return remove_sent_captures(t, by_age()); }).removed, 0);
    pass(hours(24 * 31));
    EXPECT_EQ(remove(by_age()).removed, 1);
    EXPECT_EQ(counted("removed_studies", {{"reason", "failed"}}), 1);
    EXPECT_EQ(commit([](Transaction& t) { return sql::number(t, "SELECT damage = '' FROM study"); }), 1);
}

TEST_P(RemovalContract, TakesCapturesThatEveryDestinationHas) {
    make_delivery();
    make_capture();
    const auto captures = [&](const RemovalRules& rules) {
        return commit([&](Transaction& t) { return remove_sent_captures(t, rules); }).removed;
    };
    const auto kept = *by_age().settings.keep_captures;
    pass(kept + hours(24));
    EXPECT_EQ(captures(by_age()), 0) << "it waits to be sent";
    deliver();
    EXPECT_EQ(captures(by_age()), 0) << "something happened a moment ago";
    pass(kept - hours(24));
    EXPECT_EQ(captures(by_age()), 0);
    EXPECT_EQ(captures(by_budget()), 1);
    EXPECT_THAT(to_unlink(), testing::ElementsAre("results/9.1.2.3.4.dcm"));
    EXPECT_EQ(events("captures_removed"), 1);
    EXPECT_EQ(counted("removed_files", {{"reason", "delivered"}}), 1);
    EXPECT_EQ(captures(by_budget()), 0) << "once";
}

TEST_P(RemovalContract, KeepsCapturesOfStudiesThatAreHeldOrWaitForAnOperator) {
    finish();
    make_capture();
    finish("2.2.2", "2.2");
    make_capture();
    commit([](Transaction& t) { return hold_study(t, "1.2.3", "a trial", "operator ann"); });
    make_delivery("2.2.3", "2.2");
    make_capture();
    keep(*claim_delivery(), DeliveryOutcome::unsendable);
    pass(hours(24 * 30));
    EXPECT_EQ(commit([&](Transaction& t) { return remove_sent_captures(t, by_age()); }).removed, 0);
}

TEST_P(RemovalContract, CountsCapturesBeforeTheyGo) {
    finish();
    make_capture();
    pass(hours(24 * 8));
    const auto preview = commit([](Transaction& t) {
        return preview_of_retention(t, RetentionSettings{}, std::nullopt, std::chrono::seconds(10));
    });
    EXPECT_EQ(preview.at("total").at("delivered").at("files"), 1);
}

TEST_P(RemovalContract, KeepsAReplacedObjectForAReportThatWaitsForAnOperator) {
    receive("1.2.3.4");
    keep(*claim_analysis());
    const auto next = claim_report();
    commit([&](Transaction& t) {
        return keep_report_failure(t, next.report->claim, Error{"broken", "", Retry::never},
                                   configuration_.retry);
    });
    ASSERT_EQ(state(Lane::report, 1), "quarantined");
    commit([](Transaction& t) { sql::execute(t, "UPDATE instance SET state = 'superseded'"); });
    pass(hours(48));
    const auto replaced = [&] {
        return commit([](Transaction& t) { return remove_replaced_objects(t, by_age()); }).removed;
    };
    EXPECT_EQ(replaced(), 0) << "a note that takes results back may be made from its header";
    commit([](Transaction& t) { return discard_jobs(t, {"report", 1, "", ""}, "operator"); });
    EXPECT_EQ(replaced(), 1);
}

TEST_P(RemovalContract, CountsTheAgeOfAnObjectThatWasMovedFromThen) {
    finish();
    pass(hours(24 * 20));
    commit([&](Transaction& t) {
        instances_.store(t, test::received("1.2.3.4", "7.8.9", "b", "n"));
        sql::execute(t, "UPDATE job SET state = 'done', outcome = 'analysed' WHERE state = 'queued'");
    });
    const auto replaced = [&] {
        return commit([](Transaction& t) { return remove_replaced_objects(t, by_age()); }).removed;
    };
    EXPECT_EQ(replaced(), 0);
    pass(hours(48));
    EXPECT_EQ(replaced(), 1);
}

TEST_P(RemovalContract, TrustsNoAgeUntilTheClockIsTrusted) {
    finish();
    pass(hours(24 * 4000));
    auto rules = by_age();
    rules.ages_count = false;
    EXPECT_EQ(remove(rules).removed, 0);
}

TEST_P(RemovalContract, TakesAReplacedObjectSoonerAndKnowsItWhenItComesAgain) {
    finish();
    pass(hours(1));
    auto other = test::received("1.2.3.4", "1.2.3", "b", "n");
    commit([&](Transaction& t) { instances_.store(t, other); });
    pass(hours(48));
    const auto step = commit([&](Transaction& t) { return remove_replaced_objects(t, by_age()); });
    EXPECT_EQ(step.removed, 1);
    EXPECT_THAT(to_unlink(), testing::Contains("spool/1.2.3.4a.dcm"));
    // A, B, A: the version of before is the newest again, and analysed.
    const auto answer = receive_again("1.2.3.4", "1.2.3");
    EXPECT_EQ(answer.outcome, StoreOutcome::new_version);
    EXPECT_TRUE(answer.keep_file);
    EXPECT_TRUE(claim_analysis());
}

TEST_P(RemovalContract, KnowsAnImageThatComesAgainAndKeepsItWithoutANewReport) {
    finish();
    pass(hours(24 * 31));
    ASSERT_EQ(remove(by_age()).removed, 1);
    const auto answer = receive_again("1.2.3.4", "1.2.3");
    EXPECT_EQ(answer.outcome, StoreOutcome::duplicate);
    EXPECT_TRUE(answer.keep_file) << "what is acknowledged is there";
    EXPECT_FALSE(claim_analysis());
    EXPECT_FALSE(claim_report().report);
    EXPECT_EQ(to_unlink().size(), 2u) << "the file that came is not one of those that go";
    unlinked();
    pass(hours(24 * 31));
    EXPECT_EQ(remove(by_age()).removed, 1);
    EXPECT_THAT(to_unlink(), testing::ElementsAre("spool/again.dcm"));
}

TEST_P(RemovalContract, ReportsALateImageAloneAndReplacesNothing) {
    finish();
    ASSERT_EQ((pass(hours(1)), remove(by_budget()).removed), 1);
    receive("1.2.3.5");
    keep(*claim_analysis());
    const auto next = claim_report();
    ASSERT_TRUE(next.report);
    ASSERT_EQ(next.report->request.images.size(), 1u);
    EXPECT_EQ(next.report->request.images[0].sop_instance_uid, "1.2.3.5");
    EXPECT_EQ(next.report->request.version, 2);
    EXPECT_TRUE(next.report->request.predecessors.empty())
        << "the report before still tells of the first image";
}

TEST_P(RemovalContract, AnalysesAnImageThatCameAgainOnceMoreForTheReportOfALateOne) {
    receive("1.2.3.4");
    AnalysisEnd end;
    end.outcome.result.emplace().diagnosis = "normal";
    end.artifact = "first.analysis";
    const auto first = claim_analysis();
    ASSERT_TRUE(commit([&](Transaction& t) { return keep_outcome(t, *first, end); }));
    const auto report = claim_report();
    keep(report.report->claim, composed(report.report->claim, "9.1.2.3.4"));
    deliver();
    ASSERT_EQ((pass(hours(1)), remove(by_budget()).removed), 1);
    ASSERT_TRUE(receive_again("1.2.3.4", "1.2.3").keep_file);
    receive("1.2.3.5");
    keep(*claim_analysis());
    EXPECT_FALSE(claim_report().report) << "the first image has no artifact";
    const auto again = claim_analysis();
    ASSERT_TRUE(again);
    EXPECT_EQ(again->sop_instance_uid, "1.2.3.4");
    end.artifact = "second.analysis";
    ASSERT_TRUE(commit([&](Transaction& t) { return keep_outcome(t, *again, end); }));
    const auto next = claim_report();
    ASSERT_TRUE(next.report);
    ASSERT_EQ(next.report->request.images.size(), 2u);
    EXPECT_THAT(next.report->request.images[0].artifact, testing::EndsWith("second.analysis"));
    EXPECT_EQ(next.report->request.predecessors.size(), 1u) << "it tells of all that the one before did";
    EXPECT_FALSE(claim_analysis()) << "once";
}

TEST_P(RemovalContract, SaysClearlyWhatCannotBeMadeOfARemovedStudy) {
    finish();
    ASSERT_EQ((pass(hours(1)), remove(by_budget()).removed), 1);
    const int resent = commit([](Transaction& t) {
        return resend_results(t, {"1.2.3", "", ""}, "operator");
    });
    EXPECT_EQ(resent, 0);
    EXPECT_EQ(commit([](Transaction& t) { return retry_jobs(t, {"analysis", 1, "", ""}, "operator"); }), 0);
    EXPECT_EQ(commit([](Transaction& t) { return retry_jobs(t, {"delivery", 1, "", ""}, "operator"); }), 0);
    const auto words = commit([](Transaction& t) { return words_for_removed(t, "1.2.3", ""); });
    EXPECT_THAT(words, testing::HasSubstr("have its images sent again"));
    EXPECT_EQ(commit([](Transaction& t) { return words_for_removed_job(t, "analysis", 1); }), words);
    receive_again("1.2.3.4", "1.2.3");
    EXPECT_EQ(commit([](Transaction& t) { return words_for_removed(t, "1.2.3", ""); }), "");
    EXPECT_EQ(commit([](Transaction& t) { return retry_jobs(t, {"analysis", 1, "", ""}, "operator"); }), 1);
}

TEST_P(RemovalContract, CountsWhatIsKeptWithoutLooking) {
    finish();
    const auto kept = [&] { return commit([](Transaction& t) { return kept_bytes(t); }); };
    EXPECT_EQ(kept().objects, 10);
    commit([](Transaction& t) {
        std::vector<MeasuredFile> measured;
        for (const auto& file : files_to_measure(t)) measured.push_back({file, 7});
        keep_measured(t, measured);
    });
    EXPECT_EQ(kept().results, 7);
    EXPECT_TRUE(commit([](Transaction& t) { return files_to_measure(t); }).empty());
    pass(hours(1));
    ASSERT_EQ(remove(by_budget()).removed, 1);
    EXPECT_EQ(kept().all(), 0);
    receive_again("1.2.3.4", "1.2.3");
    EXPECT_EQ(kept().objects, 10);
}

TEST_P(RemovalContract, TellsBeforehandWhatWouldGo) {
    finish("1.1.1", "1.1");
    make_delivery("1.2.1", "1.2");
    pass(hours(24 * 40));
    const auto preview = commit([](Transaction& t) {
        return preview_of_retention(t, RetentionSettings{}, std::nullopt, std::chrono::seconds(10));
    });
    EXPECT_EQ(preview.at("total").at("age").at("studies"), 1);
    EXPECT_EQ(preview.at("stays").at("busy").at("studies"), 1);
    EXPECT_EQ(preview.at("studies").at(0).at("study_instance_uid"), "1.1");
    EXPECT_TRUE(to_unlink().empty());
}

TEST_P(RemovalContract, ForgetsTheRowsLaterAndNoNumberComesTwice) {
    finish("1.1.1", "1.1");
    pass(hours(24 * 40));
    ASSERT_EQ(remove(by_age()).removed, 1);
    const auto forget = [&] {
        return commit([](Transaction& t) { return forget_studies(t, hours(24 * 180)); });
    };
    pass(hours(24 * 181));
    EXPECT_EQ(forget(), 0) << "its files are still to be unlinked";
    unlinked();
    EXPECT_EQ(forget(), 0) << "it has the greatest numbers";
    finish("1.2.1", "1.2");
    EXPECT_EQ(forget(), 1);
    EXPECT_EQ(counted("forgotten_studies", {}), 1);
    finish("1.1.1", "1.1");  // it is new again
    EXPECT_EQ(state(Lane::analysis, 3), "analysed");
}

}  // namespace
}  // namespace hilum
