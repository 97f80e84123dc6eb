// What the composer is asked for beside the images of one model.
#include "store/jobs/compose_requests.h"

#include <map>

#include "store/withdrawals.h"
#include "unit/store/store_contract.h"

namespace hilum {
namespace {

using namespace std::chrono_literals;

class ComposeRequestContract : public test::StoreContract {
  protected:
    ComposeRequestContract() {
        auto second = configuration_.models.front();
        second.package = "second";
        configuration_.models.push_back(second);
        configuration_.triage.urgent = {{"Pneumothorax", 0}};
    }
    void receive(const std::string& uid) {
        const InstanceStore both{{}, {"demo", "second"}, directory_};
        commit([&](Transaction& t) { both.store(t, test::received(uid)); });
    }
    void analyse(const std::string& model, bool positive) {
        const auto claimed = commit([&](Transaction& t) { return hilum::claim_analysis(t, model, 1min); });
        ASSERT_TRUE(claimed);
        AnalysisEnd end;
        auto& label = end.outcome.result.emplace().labels.emplace_back();
        label.name = model == "demo" ? "Pneumothorax" : "Pneumonia";
        label.positive = positive;
        commit([&](Transaction& t) { return keep_outcome(t, *claimed, end); });
    }
    // Of a version's reports, by model.
    std::map<std::string, bool> urgent_by_model() {
        std::map<std::string, bool> urgent;
        while (const auto next = claim_report().report) {
            urgent[next->request.model_name] = next->request.urgent_study;
            keep(next->claim, composed(next->claim, "9." + std::to_string(next->claim.job())));
        }
        return urgent;
    }
};

using Urgent = std::map<std::string, bool>;

// The last message that a worklist gets must not take back what another model's said.
TEST_P(ComposeRequestContract, SaysOfEveryModelThatTheStudyIsUrgentWhereOneFoundIt) {
    receive("1.1");
    analyse("demo", true);
    analyse("second", true);
    EXPECT_EQ(urgent_by_model(), (Urgent{{"demo", true}, {"second", true}}));
    receive("1.2");
    analyse("demo", false);
    analyse("second", false);
    EXPECT_EQ(urgent_by_model(), (Urgent{{"demo", true}, {"second", true}})) << "by the first image still";
}

TEST_P(ComposeRequestContract, SaysThatAStudyIsRoutineWhereNoRuleHolds) {
    receive("1.1");
    analyse("demo", false);
    analyse("second", true);
    EXPECT_EQ(urgent_by_model(), (Urgent{{"demo", false}, {"second", false}}));
}

TEST_P(ComposeRequestContract, DoesNotGoByWhatIsReportedNoMore) {
    receive("1.1");
    analyse("demo", true);
    analyse("second", false);
    configuration_.models.front().mode = ModelMode::shadow;
    EXPECT_EQ(urgent_by_model(), (Urgent{{"second", false}})) << "a shadow's findings leave the node nowhere";
}

// And not the folder that its package lies in.
TEST_P(ComposeRequestContract, NamesThePackageWhoseResultsAreTakenBack) {
    configuration_.models.pop_back();
    const InstanceStore one{{}, {"demo"}, directory_};
    commit([&](Transaction& t) { one.store(t, test::received("1.1")); });
    const auto claimed = claim_analysis();
    ASSERT_TRUE(claimed);
    AnalysisEnd end;
    end.outcome.model = {"cxr-findings", "1.0", "weights", "configuration", false, ""};
    end.outcome.result.emplace().model = end.outcome.model;
    commit([&](Transaction& t) { return keep_outcome(t, *claimed, end); });
    const auto made = claim_report();
    ASSERT_TRUE(made.report);
    keep(made.report->claim, composed(made.report->claim));
    keep(*claim_delivery(), DeliveryOutcome::delivered);
    commit([](Transaction& t) { withdraw_results(t, {"1.2.3", "", "quality", ""}, "operator"); });
    const auto taken = claim_report();
    ASSERT_TRUE(taken.report);
    EXPECT_EQ(taken.report->request.model_name, "demo");
    EXPECT_EQ(taken.report->request.model.name, "cxr-findings");
    EXPECT_EQ(taken.report->request.model.version, "1.0");
}

HILUM_FOR_ALL_ENGINES(ComposeRequestContract);

}  // namespace
}  // namespace hilum
