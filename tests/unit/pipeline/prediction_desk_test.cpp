#include "pipeline/prediction_desk.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <optional>

#include "store/database/commit_queue.h"
#include "unit/pipeline/children/analysis_engine_fixture.h"
#include "unit/store/test_database.h"

namespace hilum {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

// http is a child that asks, and notes who of its lives was answered what.
class PredictionDeskTest : public test::AnalysisEngineFixture {
  protected:
    PredictionDeskTest() : AnalysisEngineFixture(10min, 10min) {
        desk_.emplace(world_, events_, *engine_, std::vector<std::string>{"demo"});
        engine_->start();
        desk_->start(programs_.child("http", "1"), {[] {}, [](const CertificatesLoaded&) {}});
        run_for(1s);
    }
    bool begin(pid_t pid, const SpawnOptions& options, UniqueFd channel) override {
        if (std::ranges::find(options.arguments, "http") == options.arguments.end())
            return ScriptedChildren::begin(pid, options, std::move(channel));
        http_ = pid;
        auto& child = children_[pid];
        child.channel = Channel(std::move(channel));
        child.watch = world_.watch_for_ever(child.channel.fd(), [this, pid] { hear_http(pid); });
        return true;
    }
    void ask(std::int64_t number, const char* model = "") {
        std::vector<UniqueFd> image;
        image.push_back(*make_memfd("image", 1));
        say(http_, to_packet(PredictRequest{number, model}), image);
        run_for(1s);
    }
    void restart_http() {
        const auto before = http_;
        end(http_, 9);
        run_for(5s);
        ASSERT_NE(http_, before);
    }
    // What the worker says of the image that it was given as number `index`, after the golden case.
    void diagnose(std::size_t index, const char* diagnosis) {
        InferReply reply;
        reply.job = infers_.at(index).second.job;
        reply.result.diagnosis = diagnosis;
        say(infers_.at(index).first, to_packet(reply));
        run_for(1s);
    }
    std::vector<std::string> diagnoses() const {
        std::vector<std::string> all;
        for (const auto& reply : replies_)
            all.push_back(reply.outcome.result ? reply.outcome.result->diagnosis : "none");
        return all;
    }

    test::TemporaryFolder folder_;
    CommitQueue commits_{world_, test::open_database(folder_)};
    EventKeeper events_{world_, commits_};
    std::optional<PredictionDesk> desk_;
    pid_t http_ = 0;
    std::vector<PredictReply> replies_;

  private:
    void hear_http(pid_t pid) {
        auto message = children_.at(pid).channel.receive();
        if (!message) return end(pid, 0);
        if (const auto reply = from_packet<PredictReply>(*message)) replies_.push_back(*reply);
    }
};

TEST_F(PredictionDeskTest, AnswersUnderTheNumberThatWasAsked) {
    ask(7);
    ask(8, "demo");
    ask(9, "another");
    EXPECT_THAT(diagnoses(), ElementsAre("normal", "normal", "none"));
    ASSERT_EQ(replies_.size(), 3u);
    EXPECT_EQ(replies_[0].request, 7);
    EXPECT_EQ(replies_[1].request, 8);
    EXPECT_EQ(replies_[2].request, 9);
    EXPECT_EQ(replies_[2].http_status, 404);
}

// A process that is started again counts its requests from the beginning: the number alone says nothing.
TEST_F(PredictionDeskTest, WhatAnEarlierHttpProcessAskedForIsNoAnswerToTheNext) {
    infer_ = [](pid_t, const InferRequest&) {};
    ask(1);
    ASSERT_EQ(infers_.size(), 2u);
    restart_http();
    ask(1);
    ASSERT_EQ(infers_.size(), 3u);
    diagnose(1, "of the first image");
    EXPECT_THAT(diagnoses(), ElementsAre());
    diagnose(2, "of the second image");
    EXPECT_THAT(diagnoses(), ElementsAre("of the second image"));
}

TEST_F(PredictionDeskTest, AnAnalysisThatFailsIsNoAnswerToTheNextHttpProcessEither) {
    infer_ = [](pid_t, const InferRequest&) {};
    ask(1);
    restart_http();
    end(worker(), 11);
    run_for(1s);
    EXPECT_TRUE(replies_.empty());
}

TEST_F(PredictionDeskTest, WhatAnEarlierHttpProcessAskedForIsNotBegunAnyMore) {
    decode_ = [](pid_t, const DecodeRequest&) {};
    ask(1);
    ask(2);
    ASSERT_EQ(decodes_.size(), 2u) << "the golden case's, and the first: there is one decoder";
    restart_http();
    ask(1);
    const auto of_first = decodes_.back();
    decode_ = [this](pid_t pid, const DecodeRequest& request) { decoded(pid, request); };
    decoded(of_first.first, of_first.second);
    run_for(1s);
    EXPECT_EQ(decodes_.size(), 3u) << "the one of the process that lives";
    EXPECT_THAT(diagnoses(), ElementsAre("normal"));
}

}  // namespace
}  // namespace hilum
