#include "store/jobs/shadow_results.h"

#include "store/jobs/orders.h"
#include "store/withdrawals.h"
#include "unit/store/store_contract.h"

namespace hilum {
namespace {

class ShadowResultsContract : public test::StoreContract {
  protected:
    void start_with_a_shadow() {
        configuration_.models.front().mode = ModelMode::shadow;
        commit([&](Transaction& t) {
            take_up_all(t);
            take_up_shadows(t, configuration_);
        });
    }
    // A study whose report waits for the composer.
    void open_report(const std::string& uid, const std::string& study) {
        receive(uid, study);
        keep(*claim_analysis());
        pass(configuration_.study.max_wait);
        commit([&](Transaction& t) { open_due_reports(t, configuration_); });
    }
    std::vector<std::string> shadows() { return shadow_models(configuration_); }
    int retry(JobSelection selection) {
        selection.shadow_models = shadows();
        return commit([&](Transaction& t) { return retry_jobs(t, selection, "operator"); });
    }
    int resend(const std::string& study) {
        const ResultSelection selection{study, "", "", {}, shadows()};
        return commit([&](Transaction& t) { return resend_results(t, selection, "operator"); });
    }
};
HILUM_FOR_ALL_ENGINES(ShadowResultsContract);

TEST_P(ShadowResultsContract, OfAModelThatWasActiveAreDiscardedWhereTheyWait) {
    make_delivery("1.1", "1");
    open_report("2.1", "2");
    start_with_a_shadow();
    EXPECT_EQ(state(Lane::delivery, 1), "discarded");
    EXPECT_EQ(state(Lane::report, 2), "discarded");
    EXPECT_EQ(job(Lane::report, 2).at("error"),
              "the model is a shadow now: nothing that it makes leaves the node");
    EXPECT_FALSE(claim_delivery());
    EXPECT_FALSE(claim_report().report);
    EXPECT_EQ(events("results_discarded"), 1);
    start_with_a_shadow();
    EXPECT_EQ(events("results_discarded"), 1) << "once";
}

TEST_P(ShadowResultsContract, AreNotWaitedForOnceTheirModelIsAShadow) {
    const auto told_state = [&] {
        const auto all = GetParam().overview(directory_.database()).value().studies({}).value();
        return all.at(0).at("state").get<std::string>();
    };
    configuration_.study.report_not_analysed = "never";
    receive("1.1", "1");
    const auto claim = claim_analysis();
    ASSERT_TRUE(claim);
    const Error died{"model_failed", "the worker died", Retry::never};
    commit([&](Transaction& t) { keep_analysis_failure(t, *claim, died, {}, configuration_.retry); });
    claim_report();
    EXPECT_EQ(told_state(), "failed");
    start_with_a_shadow();
    EXPECT_EQ(told_state(), "received");
    auto models = std::exchange(configuration_.models, {});
    commit([&](Transaction& t) { take_up_shadows(t, configuration_); });
    EXPECT_EQ(told_state(), "received") << "its trial is over";
    models.front().mode = ModelMode::active;
    configuration_.models = models;
    commit([&](Transaction& t) { take_up_shadows(t, configuration_); });
    EXPECT_EQ(told_state(), "failed") << "it is active again";
}

TEST_P(ShadowResultsContract, OfAnActiveModelGoOn) {
    make_delivery();
    configuration_.models.push_back(configuration_.models.front());
    configuration_.models.back().package = "another";
    configuration_.models.back().mode = ModelMode::shadow;
    commit([&](Transaction& t) { take_up_shadows(t, configuration_); });
    EXPECT_TRUE(claim_delivery());
    EXPECT_EQ(events("results_discarded"), 0);
}

TEST_P(ShadowResultsContract, ThatWereTriedComeToTheirEnd) {
    make_delivery();
    keep(*claim_delivery(), DeliveryOutcome::retry);
    start_with_a_shadow();
    EXPECT_EQ(state(Lane::delivery, 1), "queued");
    pass(std::chrono::hours(1));
    EXPECT_TRUE(claim_delivery());
}

TEST_P(ShadowResultsContract, AreTakenBackAllTheSame) {
    make_delivery();
    keep(*claim_delivery(), DeliveryOutcome::delivered);
    commit([](Transaction& t) { withdraw_results(t, {"1.2.3", "", "safety", ""}, "operator"); });
    start_with_a_shadow();
    const auto note = claim_report();
    ASSERT_TRUE(note.report);
    auto reply = composed(note.report->claim, "9.note");
    reply.results.front().kind = ResultKind::ko;
    keep(note.report->claim, reply);
    start_with_a_shadow();
    EXPECT_TRUE(claim_delivery());
}

TEST_P(ShadowResultsContract, AreSentByNoOrderUntilTheModelIsActiveAgain) {
    make_delivery("1.1", "1");
    open_report("2.1", "2");
    start_with_a_shadow();
    EXPECT_EQ(retry({"delivery", 1, "", ""}), 0);
    EXPECT_EQ(retry({"", 0, "2", ""}), 0);
    EXPECT_EQ(resend("1"), 0);
    const JobSelection report{"report", 2, "", "", {}, shadows()};
    EXPECT_EQ(commit([&](Transaction& t) { return words_for_unfit(t, report); }),
              "the model 'demo' is a shadow: nothing that it makes leaves the node");
    configuration_.models.front().mode = ModelMode::active;
    EXPECT_EQ(retry({"", 0, "2", ""}), 1);
    EXPECT_EQ(resend("1"), 1);
}

TEST_P(ShadowResultsContract, ThatADestinationWasGivenBeforeAreResentToIt) {
    make_delivery();
    keep(*claim_delivery(), DeliveryOutcome::delivered);
    start_with_a_shadow();
    EXPECT_EQ(resend("1.2.3"), 1);
}

}  // namespace
}  // namespace hilum
