#include "store/jobs/due_reports.h"

#include "store/jobs/orders.h"
#include "unit/store/store_contract.h"

namespace hilum {
namespace {

using namespace std::chrono_literals;

class DueReportsContract : public test::StoreContract {
  protected:
    // A start with this model and no other; its package's folder has another name than before.
    void start_with(const std::string& model) {
        configuration_.models.front().package = model;
        commit([&](Transaction& t) { adopt_models(t, model_keys(configuration_.models)); });
    }
    // Analyses all that waits under the model; how many images that were.
    int analyse_all(const std::string& model) {
        int analysed = 0;
        while (const auto claimed =
                   commit([&](Transaction& t) { return hilum::claim_analysis(t, model, 1min); })) {
            keep(*claimed);
            ++analysed;
        }
        return analysed;
    }
    bool fail_for_good(const AnalysisClaim& claimed) {
        return commit([&](Transaction& t) {
            return keep_analysis_failure(t, claimed, {"malformed", "no image", Retry::never}, {},
                                         configuration_.retry);
        });
    }
    std::int64_t unreported() { return events("report_not_revised"); }
};
HILUM_FOR_ALL_ENGINES(DueReportsContract);

// ---- models that come and go ----

TEST_P(DueReportsContract, OfWhatAModelThatIsGoneAnalysedAreMadeByTheConfiguredOne) {
    for (const auto* uid : {"1.1", "1.2", "1.3"}) receive(uid);
    EXPECT_EQ(analyse_all("demo"), 3);
    start_with("better");
    EXPECT_EQ(analyse_all("better"), 3) << "before the study is due";
    const auto next = claim_report();
    ASSERT_TRUE(next.report);
    EXPECT_EQ(next.report->request.images.size(), 3u);
}

TEST_P(DueReportsContract, AreOfAllImagesWhereAModelWasReplacedAmidThem) {
    for (const auto* uid : {"1.1", "1.2", "1.3"}) receive(uid);
    keep(*claim_analysis());
    start_with("better");
    EXPECT_EQ(analyse_all("better"), 3);
    EXPECT_EQ(claim_report().report->request.images.size(), 3u);
}

TEST_P(DueReportsContract, OfALateImageUnderANewModelAreOfTheEarlierOnesToo) {
    receive("1.1");
    receive("1.2");
    analyse_all("demo");
    const auto first = claim_report();
    keep(first.report->claim, composed(first.report->claim));
    start_with("better");
    EXPECT_EQ(analyse_all("better"), 0) << "what is reported is not analysed anew for nothing";
    const InstanceStore better{{}, {"better"}, directory_};
    commit([&](Transaction& t) { better.store(t, test::received("1.3")); });
    EXPECT_EQ(analyse_all("better"), 1);
    EXPECT_FALSE(claim_report().report);
    EXPECT_EQ(analyse_all("better"), 2);
    const auto second = claim_report();
    ASSERT_TRUE(second.report);
    EXPECT_EQ(second.report->request.images.size(), 3u);
}

TEST_P(DueReportsContract, AreNotLeftOutInSilenceWhereNoModelMakesThemAnyMore) {
    receive("1.1");
    analyse_all("demo");
    configuration_.models.clear();
    commit([](Transaction& t) { adopt_models(t, {}); });
    EXPECT_FALSE(claim_report().report);
    EXPECT_EQ(unreported(), 1);
    EXPECT_EQ(counted("reports_not_revised", {}), 1);
    EXPECT_FALSE(claim_report().report);
    EXPECT_EQ(unreported(), 1) << "once";
}

TEST_P(DueReportsContract, OfWhatWaitedWhileNoModelWasConfiguredAreMadeOnceItIsBack) {
    receive("1.1");
    const auto models = configuration_.models;
    configuration_.models.clear();
    commit([](Transaction& t) { adopt_models(t, {}); });
    pass(1h);
    EXPECT_FALSE(claim_report().report);
    configuration_.models = models;
    start_with("demo");
    EXPECT_EQ(analyse_all("demo"), 1);
    const auto report = claim_report();
    ASSERT_TRUE(report.report);
    EXPECT_EQ(report.report->request.images.size(), 1u);
    keep(report.report->claim, composed(report.report->claim));
    start_with("demo");
    EXPECT_EQ(analyse_all("demo"), 0) << "once";
}

TEST_P(DueReportsContract, OfWhatAnotherModelHasReportedAreNotMadeAnewByOneThatIsBack) {
    receive("1.1");
    start_with("better");
    analyse_all("better");
    const auto report = claim_report();
    ASSERT_TRUE(report.report);
    keep(report.report->claim, composed(report.report->claim));
    start_with("demo");
    EXPECT_EQ(analyse_all("demo"), 0);
    EXPECT_FALSE(claim_report().report);
}

TEST_P(DueReportsContract, OfAShadowModelAreMissedByNobody) {
    configuration_.models.front().mode = ModelMode::shadow;
    receive("1.1");
    analyse_all("demo");
    EXPECT_FALSE(claim_report().report);
    EXPECT_EQ(unreported(), 0);
}

// ---- studies that were seen not to be ready ----

TEST_P(DueReportsContract, AreOpenedHoweverTheLastAnalysisEnds) {
    for (const auto* uid : {"1.1", "1.2", "1.3"}) receive(uid);
    EXPECT_FALSE(claim_report().report);
    keep(*claim_analysis());
    EXPECT_FALSE(claim_report().report);
    EXPECT_TRUE(fail_for_good(*claim_analysis()));
    EXPECT_FALSE(claim_report().report);
    EXPECT_EQ(commit([](Transaction& t) { return discard_jobs(t, {"analysis", 3, "", ""}, "operator"); }), 1);
    EXPECT_TRUE(claim_report().report);
}

TEST_P(DueReportsContract, WaitForAnAnalysisThatIsTakenUpAgain) {
    receive("1.1");
    const auto lost = claim_analysis(1s);
    EXPECT_FALSE(claim_report().report);
    EXPECT_EQ(take_up(), 1);
    EXPECT_FALSE(claim_report().report);
    keep(*claim_analysis());
    EXPECT_TRUE(claim_report().report);
}

TEST_P(DueReportsContract, WaitForTheNewestVersionOfAnImageAlone) {
    receive("1.1");
    receive("1.2");
    EXPECT_FALSE(claim_report().report);
    keep(*claim_analysis());
    commit([&](Transaction& t) { instances_.store(t, test::received("1.2", "1.2.3", "b", "n")); });
    EXPECT_FALSE(claim_report().report);
    EXPECT_EQ(analyse_all("demo"), 1);
    EXPECT_EQ(claim_report().report->request.images.size(), 2u);
}

TEST_P(DueReportsContract, AreOpenedAtAStartWithTheModelThatHeldThemUpAsAShadow) {
    auto second = configuration_.models.front();
    second.package = "second";
    configuration_.models.push_back(second);
    const InstanceStore both{{}, {"demo", "second"}, directory_};
    commit([&](Transaction& t) { both.store(t, test::received("1.1")); });
    analyse_all("demo");
    EXPECT_FALSE(claim_report().report);
    configuration_.models.back().mode = ModelMode::shadow;
    commit([&](Transaction& t) { adopt_models(t, {"demo", "second"}); });
    EXPECT_TRUE(claim_report().report);
}

TEST_P(DueReportsContract, OfManyAreOpenedAtOnceTheUrgentOnesFirst) {
    for (int i = 0; i < 120; ++i) receive("1." + std::to_string(i), "2." + std::to_string(i));
    EXPECT_FALSE(claim_report().report);
    for (int i = 0; i < 120; ++i) keep(*claim_analysis(), i == 70);
    int claimed = 0;
    while (const auto next = claim_report().report) {
        EXPECT_EQ(next->request.study_instance_uid == "2.70", claimed == 0);
        ++claimed;
    }
    EXPECT_EQ(claimed, 120);
}

// However many wait for their analyses, each is looked at once, and found by an index from then on.
class DueReportsTest : public testing::Test {
  protected:
    test::TemporaryFolder folder_;
    test::TestDatabase database_ = test::open_database(folder_);
};

TEST_F(DueReportsTest, PassOverWhatIsNotReadyUntilAnAnalysisEnds) {
    const auto instances = test::instance_store(folder_);
    for (int i = 1; i <= 100; ++i)
        instances.store(database_, test::received("1." + std::to_string(i), "2." + std::to_string(i)));
    Configuration configuration;
    configuration.models.emplace_back().package = "demo";
    const auto look = [&] { open_due_reports(database_.at(now() + 1h), configuration); };
    const auto to_look_at = [&] {
        return database_.number(
            "SELECT count(*) FROM study INDEXED BY study_to_open WHERE due_at IS NOT NULL "
            "AND unready = 0");
    };
    EXPECT_EQ(to_look_at(), 100);
    look();
    EXPECT_EQ(to_look_at(), 0);
    AnalysisEnd end;
    end.outcome.result.emplace();
    EXPECT_TRUE(keep_outcome(database_, *claim_analysis(database_, "demo", 1min), end));
    EXPECT_EQ(to_look_at(), 1);
    look();
    EXPECT_EQ(to_look_at(), 0);
    EXPECT_EQ(test::count_jobs(database_, Lane::report, JobState::queued), 1);
    std::string plan;
    for (const auto& step :
         database_.select("EXPLAIN QUERY PLAN SELECT id FROM study WHERE due_at <= ? AND unready = 0"))
        plan += step["detail"].get<std::string>();
    EXPECT_NE(plan.find("study_to_open"), std::string::npos) << plan;
}

}  // namespace
}  // namespace hilum
