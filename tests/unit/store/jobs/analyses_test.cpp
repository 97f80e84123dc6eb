#include "store/jobs/analyses.h"

#include "unit/store/store_contract.h"

namespace hilum {
namespace {

using namespace std::chrono_literals;

class AnalysesContract : public test::StoreContract {
  protected:
    int queued() {
        int count = 0;
        while (claim_analysis()) ++count;
        return count;
    }
    // Keeps the analysis of an image with several frames.
    void keep_of_frames(const AnalysisClaim& claimed, const FrameCount& frames) {
        AnalysisEnd end;
        end.outcome.result.emplace();
        end.frames = frames;
        commit([&](Transaction& t) { keep_outcome(t, claimed, end); });
    }
};
HILUM_FOR_ALL_ENGINES(AnalysesContract);

TEST_P(AnalysesContract, AreKeptWithTheirEventAndCountInOneCommit) {
    receive("1.1");
    const auto claimed = claim_analysis();
    EXPECT_TRUE(keep(*claimed));
    EXPECT_EQ(state(Lane::analysis, claimed->claim.job()), "analysed");
    EXPECT_EQ(events("analysed"), 1);
    EXPECT_EQ(counted("analyses", {{"model", "demo"}, {"outcome", "analysed"}, {"diagnosis", "normal"}}), 1);
}

TEST_P(AnalysesContract, AreNotKeptAtAllWhereTheirCommitFails) {
    receive("1.1");
    const auto claimed = claim_analysis();
    AnalysisEnd end;
    end.outcome.result.emplace().diagnosis = "normal";
    EXPECT_FALSE(database_.transact(time_, [&](Transaction& t) {
        keep_outcome(t, *claimed, end);
        throw DatabaseFailure(DatabaseFailure::Kind::full, "no room");
    }));
    EXPECT_EQ(state(Lane::analysis, claimed->claim.job()), "running");
    EXPECT_EQ(events("analysed"), 0);
    EXPECT_TRUE(keep(*claimed)) << "the claim still stands";
}

TEST_P(AnalysesContract, ThatFailTellOfIt) {
    receive("1.1");
    const auto claimed = claim_analysis();
    EXPECT_TRUE(commit([&](Transaction& t) {
        return keep_analysis_failure(t, *claimed, {"timeout", "it took too long", Retry::later}, {},
                                     configuration_.retry);
    }));
    EXPECT_EQ(state(Lane::analysis, claimed->claim.job()), "queued");
    EXPECT_EQ(events("analysis_failed"), 1);
    EXPECT_EQ(counted("analysis_failures", {{"model", "demo"}, {"code", "timeout"}}), 1);
}

TEST_P(AnalysesContract, OfTheFirstFrameQueueThoseOfTheOthersOnce) {
    receive("1.1");
    const auto first = claim_analysis(1s);
    keep_of_frames(*first, {3, 3});
    keep_of_frames(*first, {3, 3});
    EXPECT_EQ(queued(), 2);
    pass(1h);
    take_up();
    EXPECT_EQ(queued(), 2) << "a restart loses and doubles none";
}

TEST_P(AnalysesContract, OfFramesAreNoMoreThanMayBeWhateverTheDecoderSays) {
    receive("1.1");
    keep_of_frames(*claim_analysis(), {1'000, 1'000});
    EXPECT_EQ(queued(), most_analysed_frames - 1);
    receive("1.2");
    keep_of_frames(*claim_analysis(), {3, 1});
    EXPECT_EQ(queued(), 0) << "those that are not wanted get none";
}

TEST_P(AnalysesContract, OfAModelThatIsGonePassToTheConfiguredOne) {
    receive("1.1");
    keep_of_frames(*claim_analysis(), {3, 3});
    commit([](Transaction& t) { adopt_models(t, {"better"}); });
    EXPECT_EQ(queued(), 0);
    const auto claimed = commit([](Transaction& t) { return hilum::claim_analysis(t, "better", 1min); });
    ASSERT_TRUE(claimed);
    EXPECT_EQ(claimed->frame, 1) << "frames are counted anew";
    EXPECT_FALSE(commit([](Transaction& t) { return hilum::claim_analysis(t, "better", 1min); }));
}

TEST_P(AnalysesContract, OfAModelThatComesBackBeginAnew) {
    receive("1.1");
    receive("1.2");
    keep(*claim_analysis());
    commit([](Transaction& t) { adopt_models(t, {"better"}); });
    EXPECT_EQ(queued(), 0);
    commit([](Transaction& t) { adopt_models(t, {"demo"}); });
    EXPECT_EQ(queued(), 1) << "the other is done";
    EXPECT_FALSE(commit([](Transaction& t) { return hilum::claim_analysis(t, "better", 1min); }));
}

TEST_P(AnalysesContract, OfStudiesThatAreDuePassToTheConfiguredModelThoughTheyAreDone) {
    receive("1.1");
    receive("1.2");
    keep(*claim_analysis());
    keep(*claim_analysis());
    receive("2.1", "2.2.2");
    keep(*claim_analysis());
    EXPECT_TRUE(claim_report().report);
    EXPECT_TRUE(claim_report().report);
    receive("1.3");
    commit([](Transaction& t) { adopt_models(t, {"better", "demo"}); });
    int better = 0;
    while (const auto claimed =
               commit([](Transaction& t) { return hilum::claim_analysis(t, "better", 1min); })) {
        EXPECT_EQ(claimed->study_instance_uid, "1.2.3") << "the other is reported";
        ++better;
    }
    EXPECT_EQ(better, 3);
    EXPECT_EQ(queued(), 1) << "what is done under a model is not done again";
}

}  // namespace
}  // namespace hilum
