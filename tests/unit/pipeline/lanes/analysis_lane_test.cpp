#include "pipeline/lanes/analysis_lane.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "contract/artifact/analysis_artifact.h"
#include "store/jobs/claim.h"
#include "store/overview/overview.h"
#include "unit/pipeline/children/scripted_children.h"
#include "unit/store/test_database.h"

namespace hilum {
namespace {

using namespace std::chrono_literals;

class AnalysisLaneTest : public test::ScriptedChildren,
                         protected AnalysisEngine::Owner,
                         protected Happenings {
  protected:
    AnalysisLaneTest() {
        options_.daemon_program = "hilumd";
        options_.worker_program = "hilum-worker";
        configuration_.decoder.processes = 1;
        configuration_.decoder.timeout = 10s;
        configuration_.models.emplace_back().package = "demo";
        EXPECT_TRUE(programs_.prepare());
        std::filesystem::create_directories(directory_.analyses());
        store("1.1");
        AnalysisEngine::Owner& owner = *this;
        Happenings& happenings = *this;
        engine_.emplace(world_, configuration_, programs_, owner);
        lane_.emplace(world_, commits_, *engine_, configuration_, directory_, "1",
                      AnalysisLane::Model{0, "demo"}, senders_, happenings);
        engine_->start();
        lane_->start();
    }

    void capacity_came() override { lane_->wake(); }
    void engine_changed() override {}
    void model_event(const audit::AuditEvent&) override {}
    void happened(Happening what) override {
        happenings_.push_back(what);
        if (what == Happening::analysis_ended) lane_->wake();  // as the node does
    }

    template <typename Work>
    auto commit(Work work) {
        std::optional<Result<std::invoke_result_t<Work, Transaction&>>> result;
        commits_.submit(std::move(work), [&](auto outcome) { result = std::move(outcome); });
        while (!result) world_.run_one(world_.elapsed() + 1s);
        if (!*result) throw std::runtime_error(result->error().message);
        if constexpr (!std::is_void_v<std::invoke_result_t<Work, Transaction&>>) return std::move(**result);
    }
    void store(const std::string& uid) {
        const auto object = test::received(uid, "1.2." + uid);
        test::put_in_spool(folder_, object.file);
        commit([&](Transaction& t) { test::instance_store(folder_).store(t, object); });
    }
    nlohmann::json job(std::int64_t id = 1) {
        return Overview::open(directory_.database())->job("analysis", id).value();
    }
    void decodes_silently() {
        decode_ = [this](pid_t pid, const DecodeRequest& request) {
            if (request.golden) decoded(pid, request);
        };
    }
    void kills_its_decoder() {
        decode_ = [this](pid_t pid, const DecodeRequest& request) {
            if (request.golden) return decoded(pid, request);
            end(pid, 11);
        };
    }

    test::TemporaryFolder folder_;
    DataDirectory directory_{folder_.path()};
    NodeOptions options_;
    Configuration& configuration_ = options_.configuration;
    ChildPrograms programs_{options_};
    std::vector<Happening> happenings_;
    std::deque<SendingLane> senders_;
    std::optional<AnalysisEngine> engine_;
    CommitQueue commits_{world_, test::open_database(folder_)};
    std::optional<AnalysisLane> lane_;
};

TEST_F(AnalysisLaneTest, KeepsWhatTheModelSaidWithItsPictures) {
    run_for(1s);
    EXPECT_EQ(job()["state"], "analysed");
    EXPECT_EQ(job()["attempts"], 1);
    EXPECT_TRUE(lane_->idle());
    EXPECT_NE(std::ranges::find(happenings_, Happening::analysis_ended), happenings_.end());
    EXPECT_TRUE(read_file(directory_.analyses() / "1-1-1.analysis", 1 << 20).has_value());
}

TEST_F(AnalysisLaneTest, KeepsWhyAnImageIsNotAnalysed) {
    decode_ = [this](pid_t pid, const DecodeRequest& request) {
        if (request.golden) return decoded(pid, request);
        refused(pid, request);
    };
    run_for(1s);
    EXPECT_EQ(job()["state"], "not_analysed");
}

TEST_F(AnalysisLaneTest, ClaimsNothingBeforeTheModelIsReady) {
    loads_ = false;
    run_for(1min);
    EXPECT_EQ(job()["state"], "queued");
    EXPECT_EQ(job()["attempts"], 0);
    announce(worker());
    run_for(1s);
    EXPECT_EQ(job()["state"], "analysed");
}

TEST_F(AnalysisLaneTest, AnImageWhoseDecoderDiedIsAnalysedByTheNextOne) {
    kills_its_decoder();
    run_for(1s);
    EXPECT_EQ(job()["state"], "queued");
    decode_ = [this](pid_t pid, const DecodeRequest& request) { decoded(pid, request); };
    run_for(10s);
    EXPECT_EQ(job()["state"], "analysed");
    EXPECT_EQ(job()["attempts"], 2);
}

TEST_F(AnalysisLaneTest, AnImageThatKillsEachDecoderIsSetAsideAndTheNextIsAnalysed) {
    kills_its_decoder();
    run_for(5min);
    EXPECT_EQ(job()["state"], "quarantined");
    EXPECT_EQ(job()["attempts"], 3);
    decode_ = [this](pid_t pid, const DecodeRequest& request) { decoded(pid, request); };
    store("1.2");
    lane_->wake();
    run_for(1min);
    EXPECT_EQ(job(2)["state"], "analysed");
}

TEST_F(AnalysisLaneTest, AFileThatIsGoneCostsItsAnalysisAloneAndNoDecoder) {
    std::filesystem::remove(directory_.spool() / "1.1a.dcm");
    run_for(5min);
    EXPECT_EQ(job()["state"], "quarantined");
    EXPECT_TRUE(std::ranges::all_of(decodes_, [](const auto& one) { return one.second.golden; }));
    EXPECT_EQ(kills_, 0);
}

TEST_F(AnalysisLaneTest, AFullDiskIsWaitedForSinceThePicturesAreDurableBeforeTheOutcome) {
    disk_.set_full(true);
    run_for(1s);
    EXPECT_EQ(job()["state"], "queued");
    disk_.set_full(false);
    run_for(10s);
    EXPECT_EQ(job()["state"], "analysed");
}

TEST_F(AnalysisLaneTest, ADiskThatFailsIsWaitedForAndIsNoAttempt) {
    disk_.set_failing(simulation::Disk::Failing::writes);
    run_for(10min);
    EXPECT_EQ(job()["state"], "queued");
    EXPECT_THAT(std::string(job()["error"]), testing::HasSubstr("Input/output error"));
    disk_.set_failing(simulation::Disk::Failing::nothing);
    run_for(10min);
    EXPECT_EQ(job()["state"], "analysed");
    EXPECT_EQ(job()["attempts"], 1);
}

TEST_F(AnalysisLaneTest, AnImageThatWaitsForLongInTheEngineKeepsItsLease) {
    decodes_silently();
    run_for(1s);
    loads_ = false;
    end(worker(), 11);
    run_for(100ms);
    decoded(decodes_.back().first, decodes_.back().second);
    run_for(20min);
    EXPECT_EQ(commit([this](Transaction& t) { return take_up_expired(t); }), 0);
    EXPECT_EQ(job()["state"], "running");
    announce(worker());
    run_for(1s);
    EXPECT_EQ(job()["state"], "analysed");
    EXPECT_EQ(job()["attempts"], 1);
}

TEST_F(AnalysisLaneTest, DrainsWhatItHasBegunAndClaimsNoMore) {
    decodes_silently();
    run_for(1s);
    EXPECT_FALSE(lane_->idle());
    lane_->drain();
    store("1.2");
    lane_->wake();
    decoded(decodes_.back().first, decodes_.back().second);
    run_for(1min);
    EXPECT_TRUE(lane_->idle());
    EXPECT_EQ(job(1)["state"], "analysed");
    EXPECT_EQ(job(2)["state"], "queued");
}

TEST_F(AnalysisLaneTest, MayGoWhileItsImageIsDecoded) {
    decodes_silently();
    run_for(1s);
    const auto asked = decodes_.back();
    lane_.reset();
    decoded(asked.first, asked.second);
    run_for(1s);
    EXPECT_EQ(job()["state"], "running") << "for the next life to take up";
}

}  // namespace
}  // namespace hilum
