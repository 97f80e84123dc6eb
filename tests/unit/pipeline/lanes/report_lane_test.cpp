#include "pipeline/lanes/report_lane.h"

#include <map>

#include "store/jobs/analyses.h"
#include "store/overview/overview.h"
#include "unit/pipeline/lanes/lane_fixture.h"

namespace hilum {
namespace {

using namespace std::chrono_literals;

// Two composers, each of which a test lets answer or die.
class ReportLaneTest : public test::LaneTest {
  protected:
    ReportLaneTest() {
        configuration_.models.emplace_back().package = "demo";
        configuration_.destinations.emplace_back().name = "pacs";
        configuration_.composer.processes = 2;
        Happenings& happenings = *this;
        lane_.emplace(world_, commits_, configuration_, directory_, happenings);
        lane_->start({specification("composer"), specification("composer")});
    }
    ~ReportLaneTest() override { commits_.end(); }  // what waits there uses the lane

    struct Composer {
        Channel channel;
        std::unique_ptr<Watch> watch;
        std::optional<ComposeRequest> at_work;
        std::optional<FileReply> file;
    };
    bool begin(pid_t pid, const SpawnOptions&, UniqueFd channel) override {
        auto& composer = composers_[pid];
        composer.channel = Channel(std::move(channel));
        composer.watch = world_.watch_for_ever(composer.channel.fd(), [this, pid] { hear(pid); });
        return true;
    }
    void kill(pid_t pid) override { end(pid); }
    void hear(pid_t pid) {
        auto message = composers_.at(pid).channel.receive();
        if (!message) return end(pid);
        if (const auto file = from_packet<FileReply>(*message))
            composers_.at(pid).file = *file;
        else
            composers_.at(pid).at_work = from_packet<ComposeRequest>(*message).value();
    }
    // Of the first image of a request.
    void ask_for_image(pid_t pid, const ComposeRequest& of) {
        auto& composer = composers_.at(pid);
        (void)composer.channel.send(to_packet(FileRequest{composer.at_work->job, of.images.at(0).file}));
        run_for(1s);
    }
    void end(pid_t pid) {
        if (composers_.erase(pid) > 0) world_.tell_end(pid, 9);
    }

    void analysed(const std::string& uid, const std::string& study) {
        commit([&](Transaction& t) {
            test::instance_store(folder_).store(t, test::received(uid, study));
            AnalysisEnd end;
            end.outcome.result.emplace().diagnosis = "normal";
            keep_outcome(t, *claim_analysis(t, "demo", 1min), end);
        });
        run_for(configuration_.study.idle_timeout + 1s);
        lane_->wake();
        run_for(1s);
    }
    // The composer that is at work on a version of the study; 0: none.
    pid_t at_work_on(const std::string& study, int version = 1) {
        for (const auto& [pid, composer] : composers_)
            if (composer.at_work && composer.at_work->study_instance_uid == study &&
                composer.at_work->version == version)
                return pid;
        return 0;
    }
    void answer(pid_t pid) {
        auto& composer = composers_.at(pid);
        ComposeReply reply;
        reply.job = composer.at_work->job;
        composer.at_work.reset();
        (void)composer.channel.send(to_packet(reply));
        run_for(1s);
    }

    std::map<pid_t, Composer> composers_;
    Configuration configuration_;
    std::optional<ReportLane> lane_;
};

TEST_F(ReportLaneTest, ComposesTwoStudiesAtOnceAndTheThirdAfterThem) {
    for (const auto* study : {"1", "2", "3"}) analysed(std::string(study) + ".1", study);
    EXPECT_NE(at_work_on("1"), 0);
    EXPECT_NE(at_work_on("2"), 0);
    EXPECT_EQ(at_work_on("3"), 0);
    EXPECT_FALSE(lane_->idle());
    answer(at_work_on("2"));
    EXPECT_NE(at_work_on("3"), 0);
    answer(at_work_on("1"));
    answer(at_work_on("3"));
    EXPECT_TRUE(lane_->idle());
}

TEST_F(ReportLaneTest, ComposesAStudysNextVersionAfterTheOneBefore) {
    analysed("1.1", "1");
    analysed("1.2", "1");
    EXPECT_NE(at_work_on("1", 1), 0);
    EXPECT_EQ(at_work_on("1", 2), 0) << "though a composer is free";
    answer(at_work_on("1", 1));
    EXPECT_NE(at_work_on("1", 2), 0);
}

TEST_F(ReportLaneTest, GoesOnWithTheOtherComposerWhereOneDied) {
    analysed("1.1", "1");
    const auto died = at_work_on("1");
    ASSERT_NE(died, 0);
    end(died);
    run_for(10s);
    const auto other = at_work_on("1");
    ASSERT_NE(other, 0) << "it is tried again";
    answer(other);
    EXPECT_EQ(Overview::open(directory_.database())->job("report", 1).value().at("state"), "composed");
}

TEST_F(ReportLaneTest, HandsAComposerTheFilesOfItsStudyAndKillsItWhereItAsksForAnothers) {
    analysed("1.1", "1");
    analysed("2.1", "2");
    const auto pid = at_work_on("1");
    const auto other = composers_.at(at_work_on("2")).at_work.value();
    ask_for_image(pid, composers_.at(pid).at_work.value());
    ASSERT_TRUE(composers_.contains(pid) && composers_.at(pid).file);
    EXPECT_EQ(composers_.at(pid).file->error->code, "not_found") << "no test has put it there";
    ask_for_image(pid, other);
    EXPECT_FALSE(composers_.contains(pid));
}

TEST_F(ReportLaneTest, WhatTheEndCutOffHasNotFailed) {
    analysed("1.1", "1");
    ASSERT_NE(at_work_on("1"), 0);
    lane_->drain();
    lane_->stop();
    run_for(10s);
    EXPECT_TRUE(lane_->idle());
    EXPECT_FALSE(lane_->any_child_running());
    EXPECT_EQ(Overview::open(directory_.database())->job("report", 1).value().at("state"), "running");
}

TEST_F(ReportLaneTest, NamesEachComposerInTheStatus) {
    EXPECT_EQ(lane_->children_status().size(), 2u);
    EXPECT_EQ(lane_->size(), 2u);
}

}  // namespace
}  // namespace hilum
