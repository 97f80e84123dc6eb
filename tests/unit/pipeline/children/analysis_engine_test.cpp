#include "pipeline/children/analysis_engine.h"

#include <gmock/gmock.h>

#include "unit/pipeline/children/analysis_engine_fixture.h"

namespace hilum {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

class AnalysisEngineTest : public test::AnalysisEngineFixture {};

TEST_F(AnalysisEngineTest, GivesAWorkerNothingBeforeItHasProvedItsPackage) {
    infer_ = [](pid_t, const InferRequest&) {};
    start();
    EXPECT_FALSE(engine_->can_take(0));
    submit("a");
    run_for(1s);
    ASSERT_EQ(infers_.size(), 1u);
    EXPECT_EQ(infers_[0].second.golden, 0);
    EXPECT_EQ(decodes_.size(), 1u) << "an image waits until somebody can judge it";
    infer_ = [this](pid_t pid, const InferRequest& request) { inferred(pid, request); };
    inferred(infers_[0].first, infers_[0].second);
    run_for(1s);
    EXPECT_TRUE(analysed("a"));
    EXPECT_TRUE(engine_->can_take(0));
    EXPECT_EQ(infers_.back().second.golden, -1);
    EXPECT_THAT(events_, ElementsAre("model_loaded"));
}

TEST_F(AnalysisEngineTest, ServesNothingWhereAGoldenCaseComesOutWrong) {
    infer_ = [this](pid_t pid, const InferRequest& request) {
        inferred(pid, request, Error{"golden_mismatch", "0.1 instead of 0.9", Retry::never});
    };
    start(50ms);
    EXPECT_FALSE(engine_->ready(0));
    EXPECT_THAT(events_, ElementsAre("model_golden_failed"));
    EXPECT_EQ(engine_->models_status().at(0).error, "0.1 instead of 0.9");
    EXPECT_EQ(kills_, 1);
}

TEST_F(AnalysisEngineTest, TellsWhatTheModelIsNotMadeFor) {
    start();
    decode_ = [this](pid_t pid, const DecodeRequest& request) { refused(pid, request); };
    submit("a");
    run_for(1s);
    const auto& answer = std::get<Refused>(answers_.at("a"));
    EXPECT_EQ(answer.reason.code, "view");
    EXPECT_EQ(answer.model.version, "1");
    EXPECT_EQ(infers_.size(), 1u) << "the golden case's alone";
}

TEST_F(AnalysisEngineTest, TellsThatADecoderDiedAndGoesOnWithTheNextOne) {
    start();
    decode_ = [this](pid_t pid, const DecodeRequest&) { end(pid, 11); };
    submit("a");
    run_for(10ms);
    EXPECT_EQ(failure("a"), "process_died");
    decode_ = [this](pid_t pid, const DecodeRequest& request) { decoded(pid, request); };
    submit("b");
    run_for(1s);
    EXPECT_TRUE(analysed("b"));
}

TEST_F(AnalysisEngineTest, KillsADecoderThatTakesTooLong) {
    start();
    decodes_silently();
    submit("a");
    run_for(9s);
    EXPECT_EQ(kills_, 0);
    run_for(2s);
    EXPECT_EQ(kills_, 1);
    EXPECT_EQ(failure("a"), "process_died");
}

TEST_F(AnalysisEngineTest, KillsADecoderThatAnswersAnotherRequest) {
    start();
    decode_ = [this](pid_t pid, DecodeRequest request) {
        ++request.job;
        decoded(pid, request);
    };
    submit("a");
    run_for(1s);
    EXPECT_EQ(kills_, 1);
    EXPECT_EQ(failure("a"), "process_died");
}

TEST_F(AnalysisEngineTest, KillsAWorkerThatTakesTooLongWhichEndsAllThatItHas) {
    start();
    infer_ = [](pid_t, const InferRequest&) {};
    submit("a");
    run_for(15s);
    submit("b");
    run_for(4s);
    EXPECT_EQ(kills_, 0);
    run_for(2s);
    EXPECT_EQ(kills_, 1);
    EXPECT_EQ(failure("a"), "process_died");
    EXPECT_EQ(failure("b"), "process_died");
}

TEST_F(AnalysisEngineTest, KillsAWorkerThatAnswersTwice) {
    start();
    infer_ = [this](pid_t pid, const InferRequest& request) {
        inferred(pid, request);
        if (request.golden < 0) inferred(pid, request);
    };
    submit("a");
    run_for(1s);
    EXPECT_TRUE(analysed("a"));
    EXPECT_EQ(kills_, 1);
}

TEST_F(AnalysisEngineTest, GivesAWorkerTwoBatchesAtMost) {
    start();
    infer_ = [](pid_t, const InferRequest&) {};
    for (const char* name : {"a", "b", "c"}) submit(name);
    run_for(1s);
    EXPECT_EQ(infers_.size(), 1u + 2u);
    infer_ = [this](pid_t pid, const InferRequest& request) { inferred(pid, request); };
    inferred(infers_.back().first, infers_.back().second);
    run_for(1s);
    EXPECT_TRUE(analysed("b"));
    EXPECT_TRUE(analysed("c"));
}

TEST_F(AnalysisEngineTest, WhatIsUrgentGoesFirstAndTheOthersHaveEverySecondTurn) {
    start();
    decodes_silently();
    submit("first");
    for (const char* name : {"a", "b"}) submit(name);
    for (const char* name : {"now", "now too", "and now"}) submit(name, true);
    for (int i = 0; i < 6; ++i) {
        run_for(100ms);
        answer_last_decode();
    }
    run_for(1s);
    EXPECT_THAT(ended_, ElementsAre("first", "now", "a", "now too", "b", "and now"));
}

TEST_F(AnalysisEngineTest, TakesNoMoreThanItCanKeepBusyWithUnlessItIsUrgent) {
    start();
    decodes_silently();
    submit("now", true);
    for (const char* name : {"a", "b"}) submit(name);
    EXPECT_TRUE(engine_->can_take(0));
    submit("c");
    EXPECT_FALSE(engine_->can_take(0)) << "one decoder, two batches of one";
}

TEST_F(AnalysisEngineTest, PreparesAnImageAnewForThePackageThatCameMeanwhile) {
    start();
    decode_ = [this](pid_t pid, const DecodeRequest& request) {
        if (request.golden) decoded(pid, request);
    };
    infer_ = [this](pid_t pid, const InferRequest& request) {
        if (request.golden >= 0) inferred(pid, request);
    };
    submit("a");  // its decoder takes its time
    run_for(100ms);
    const auto slow = decodes_.back();
    EXPECT_EQ(slow.second.package_sha256, "package 1");
    version_ = "2";
    golden_.clear();
    std::string error = "not ended";
    engine_->reload(0, "operator", [&](const ModelReload& reload) { error = reload.error; });
    run_for(1s);
    EXPECT_EQ(error, "");
    decoded(slow.first, slow.second);
    run_for(100ms);
    EXPECT_EQ(decodes_.back().second.package_sha256, "package 2");
    EXPECT_EQ(decodes_.back().second.job, slow.second.job);
    infer_ = [this](pid_t pid, const InferRequest& request) { inferred(pid, request); };
    answer_last_decode();
    run_for(1s);
    EXPECT_TRUE(analysed("a"));
    EXPECT_EQ(infers_.back().first, worker());
}

TEST_F(AnalysisEngineTest, AReloadThatFailsLeavesTheOldPackageAtWork) {
    start();
    version_ = "2";
    infer_ = [this](pid_t pid, const InferRequest& request) {
        std::optional<Error> wrong;
        if (request.golden >= 0) wrong = Error{"golden_mismatch", "wrong", Retry::never};
        inferred(pid, request, wrong);
    };
    std::string error;
    engine_->reload(0, "operator", [&](const ModelReload& reload) { error = reload.error; });
    run_for(1s);
    EXPECT_EQ(error, "wrong");
    EXPECT_THAT(events_, ElementsAre("model_loaded", "model_golden_failed", "model_reload_failed"));
    submit("a");
    run_for(1s);
    EXPECT_TRUE(analysed("a"));
    EXPECT_EQ(engine_->models_status().at(0).serving->version, "1");
}

// The package is changed between two of its loadings: two versions must not serve side by side.
class TwoDevices : public AnalysisEngineTest {
  protected:
    TwoDevices() {
        options_.configuration.models[0].devices = {"cuda:0", "cuda:1"};
        AnalysisEngine::Owner& owner = *this;
        engine_.emplace(world_, options_.configuration, programs_, owner);
        loads_ = false;
    }
    // Those of the youngest two workers.
    void load(const std::string& first, const std::string& second) {
        std::vector<pid_t> workers;
        for (const auto& [pid, child] : children_)
            if (child.is_worker) workers.push_back(pid);
        ASSERT_GE(workers.size(), 2u);
        for (const auto& [version, pid] :
             {std::pair{first, workers.end()[-2]}, std::pair{second, workers.end()[-1]}}) {
            version_ = version;
            announce(pid);
            run_for(1ms);
        }
        run_for(1s);
    }
};

TEST_F(TwoDevices, DoNotServeTwoVersionsFromTheStart) {
    decodes_silently();
    start();
    load("1", "2");
    const auto of_first = decodes_.front();
    decode_ = [this](pid_t pid, const DecodeRequest& request) { decoded(pid, request); };
    decoded(of_first.first, of_first.second);
    run_for(1s);
    const auto status = engine_->models_status().at(0);
    EXPECT_EQ(status.serving->version, "1");
    EXPECT_THAT(status.error, testing::HasSubstr("was changed"));
    EXPECT_THAT(events_, ElementsAre("model_loaded"));
    EXPECT_EQ(decodes_.size(), 1u) << "the other one proves nothing";
}

TEST_F(TwoDevices, ServeWhereBothLoadTheSame) {
    start();
    load("1", "1");
    EXPECT_THAT(events_, ElementsAre("model_loaded", "model_loaded"));
    EXPECT_EQ(engine_->models_status().at(0).error, "");
}

TEST_F(TwoDevices, AreNotReplacedByTwoVersions) {
    start();
    load("1", "1");
    std::string error;
    engine_->reload(0, "operator", [&](const ModelReload& reload) { error = reload.error; });
    run_for(100ms);
    load("2", "3");
    EXPECT_THAT(error, testing::HasSubstr("was changed while it was being loaded"));
    EXPECT_EQ(engine_->models_status().at(0).serving->version, "1");
    engine_->reload(0, "operator", [&](const ModelReload& reload) { error = reload.error; });
    run_for(100ms);
    load("3", "3");
    EXPECT_EQ(error, "");
    EXPECT_EQ(engine_->models_status().at(0).serving->version, "3");
}

TEST_F(TwoDevices, RefuseTheVersionOfOneThatWasStartedAgain) {
    start();
    load("1", "1");
    end(children_.rbegin()->first, 11);
    run_for(5s);
    version_ = "2";
    announce(children_.rbegin()->first);
    run_for(1s);
    EXPECT_THAT(engine_->models_status().at(0).error, testing::HasSubstr("was changed"));
    EXPECT_EQ(engine_->models_status().at(0).serving->version, "1");
}

// The case of a life that is over says nothing of the package that the next life loaded.
TEST_F(AnalysisEngineTest, AWorkerThatIsStartedAgainProvesItsPackageAnew) {
    decodes_silently();
    start();
    const auto of_first_life = decodes_.back();
    version_ = "2";
    golden_ = {"golden.png", "another.png"};
    end(worker(), 11);
    run_for(1s);
    ASSERT_EQ(decodes_.size(), 1u) << "the one decoder is still at the first case";
    decode_ = [this](pid_t pid, const DecodeRequest& request) { decoded(pid, request); };
    decoded(of_first_life.first, of_first_life.second);
    run_for(1s);
    ASSERT_EQ(infers_.size(), 2u);
    EXPECT_EQ(infers_[0].second.golden, 0);
    EXPECT_EQ(infers_[1].second.golden, 1);
    EXPECT_THAT(events_, ElementsAre("model_loaded"));
}

TEST_F(AnalysisEngineTest, AGoldenCaseOfAWorkerThatIsGoneWaitsForNothing) {
    start();
    decodes_silently();
    submit("a");  // the one decoder is at work for long
    run_for(100ms);
    const auto before = open_descriptors();
    version_ = "2";
    std::string error;
    engine_->reload(0, "operator", [&](const ModelReload& reload) { error = reload.error; });
    run_for(1s);
    EXPECT_EQ(error, "") << "its golden case waits for a decoder";
    end(children_.rbegin()->first, 11);
    run_for(1s);
    EXPECT_THAT(error, testing::HasSubstr("signal 11"));
    EXPECT_EQ(open_descriptors(), before) << "its file is closed";
    answer_last_decode();
    run_for(1s);
    EXPECT_TRUE(analysed("a"));
    EXPECT_EQ(decodes_.size(), 2u) << "no decoder is lent to what nobody asks for";
}

TEST_F(AnalysisEngineTest, MayGoWhereverAnAnalysisWaits) {
    start();
    infer_ = [](pid_t, const InferRequest&) {};
    for (const char* name : {"at a worker", "at a worker too", "waits for a worker"}) submit(name);
    run_for(1s);
    decodes_silently();
    for (const char* name : {"at a decoder", "waits for a decoder"}) submit(name);
    run_for(1s);
    tasks_ = Tasks();
    EXPECT_TRUE(engine_->can_take(0)) << "what is gone does not stand in the queue";
    engine_.reset();
    run_for(1s);
    EXPECT_TRUE(answers_.empty());
}

}  // namespace
}  // namespace hilum
