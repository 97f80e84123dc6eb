#include "pipeline/children/supervised_child.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/syscall.h>
#include <nlohmann/json.hpp>

#include <boost/asio/io_context.hpp>

#include "base/file_system.h"
#include "pipeline/asio_world.h"

namespace hilum {
namespace {

using namespace std::chrono_literals;

// Children here are shells: they see the channel as descriptor 3.
class SupervisedChildTest : public testing::Test {
  protected:
    void run_until(const std::function<bool()>& condition) {
        const auto deadline = std::chrono::steady_clock::now() + 20s;
        while (!condition() && std::chrono::steady_clock::now() < deadline) loop_.run_one_for(100ms);
        ASSERT_TRUE(condition()) << "waited in vain";
    }
    std::unique_ptr<SupervisedChild> child(const std::string& script) {
        ChildSpecification specification{"test", "1", {"/bin/sh", "-c", script}, memfd_.get(), true};
        return std::make_unique<SupervisedChild>(
            world_, specification,
            SupervisedChild::Callbacks{
                [this](Message message) { messages_.push_back(message.packet.body()); },
                [this](const std::string& how) { ends_.push_back(how); }, [] {}});
    }

    boost::asio::io_context loop_;
    AsioWorld world_{loop_};
    UniqueFd memfd_ = std::move(*make_memfd("test", std::size_t{0}));
    std::vector<nlohmann::json> messages_;
    std::vector<std::string> ends_;
};

TEST_F(SupervisedChildTest, StartsAgainWhatEnds) {
    const auto sleeper = child("exit 3");
    sleeper->start();
    run_until([&] { return ends_.size() >= 2; });
    EXPECT_EQ(ends_[0], "exited with status 3");
    EXPECT_GE(sleeper->status().restarts, 1);
}

TEST_F(SupervisedChildTest, SaysHowAKilledChildEnded) {
    const auto sleeper = child("exec cat <&3");
    sleeper->start();
    sleeper->kill();
    run_until([&] { return !ends_.empty(); });
    EXPECT_THAT(ends_[0], testing::HasSubstr("signal 9"));
}

TEST_F(SupervisedChildTest, KnowsWhoseFaultItsEndWas) {
    const auto mortal = child("exec sleep 600");
    mortal->start();
    ::kill(mortal->pid(), SIGKILL);  // as the kernel does for want of memory
    run_until([&] { return ends_.size() == 1; });
    EXPECT_EQ(mortal->retry_after_end(), Retry::once_mended);
    run_until([&] { return mortal->running(); });
    mortal->kill();  // it took too long, say
    run_until([&] { return ends_.size() == 2; });
    EXPECT_EQ(mortal->retry_after_end(), Retry::later);
    const auto crashing = child(R"(printf '\1\0\0\0\0\0\0\0' >&5; kill -SEGV $$)");
    crashing->start();
    run_until([&] { return ends_.size() == 3; });
    EXPECT_EQ(crashing->retry_after_end(), Retry::later);
    const auto lacking = child("exit 75");
    lacking->start();
    run_until([&] { return ends_.size() == 4; });
    EXPECT_EQ(lacking->retry_after_end(), Retry::once_mended);
    const auto without_beginning = child("exit 127");  // its program could not be executed
    without_beginning->start();
    run_until([&] { return ends_.size() == 5; });
    EXPECT_EQ(without_beginning->retry_after_end(), Retry::once_mended);
}

TEST_F(SupervisedChildTest, DeliversTheLastWordsOfAChildThatEnds) {
    const auto speaker = child(R"(printf '{"type":"bye"}' >&3; exit 1)");
    speaker->start();
    run_until([&] { return !ends_.empty(); });
    ASSERT_EQ(messages_.size(), 1u);
    EXPECT_EQ(messages_[0]["type"], "bye");
}

// The kernel has killed it by then; one that only says so is killed all the same.
TEST_F(SupervisedChildTest, NamesTheForbiddenCallThatAChildDiedOf) {
    const auto attacked = child(
        fmt::format(R"(printf '{{"type":"forbidden_call","number":{}}}' >&3; exec sleep 600)", SYS_setns));
    attacked->start();
    run_until([&] { return !ends_.empty(); });
    EXPECT_EQ(ends_[0], "made the system call setns, which its role may not make, and was killed");
    EXPECT_TRUE(messages_.empty());
    EXPECT_EQ(attacked->status().forbidden_calls, 1);
    EXPECT_EQ(attacked->status().last_forbidden, "setns");
}

TEST_F(SupervisedChildTest, EndsAChildThatSpeaksNonsense) {
    // It does not look at its channel: one that saw it close would end by itself, perhaps first.
    const auto babbler = child("printf nonsense >&3; exec sleep 600");
    babbler->start();
    run_until([&] { return !ends_.empty(); });
    EXPECT_THAT(ends_[0], testing::HasSubstr("signal 9"));
}

TEST_F(SupervisedChildTest, AStoppedChildSeesItsChannelCloseAndIsNotStartedAgain) {
    const auto reader = child("exec cat <&3");
    reader->start();
    reader->stop();
    run_until([&] { return !reader->running(); });
    EXPECT_EQ(ends_, std::vector<std::string>{"exited with status 0"});
    EXPECT_EQ(reader->status().state, ChildState::stopped);
}

TEST_F(SupervisedChildTest, AStoppedChildIsHeardUntilItHasEnded) {
    const auto speaker = child(R"(cat <&3; printf '{"type":"done"}' >&3)");
    speaker->start();
    speaker->stop();
    EXPECT_FALSE(speaker->send(Packet())) << "it is told nothing more";
    run_until([&] { return !speaker->running(); });
    ASSERT_EQ(messages_.size(), 1u);
    EXPECT_EQ(messages_[0]["type"], "done");
}

TEST_F(SupervisedChildTest, LeavesNoProcessBehind) {
    auto reader = child("exec cat <&3");
    reader->start();
    const pid_t pid = reader->pid();
    reader.reset();
    EXPECT_NE(::kill(pid, 0), 0);
}

TEST_F(SupervisedChildTest, SurvivesAProgramThatIsNotThere) {
    ChildSpecification specification{"test", "1", {"/no/such/program"}, memfd_.get(), true};
    SupervisedChild missing(
        world_, specification,
        {[](Message) {}, [this](const std::string& how) { ends_.push_back(how); }, [] {}});
    missing.start();
    run_until([&] { return !ends_.empty(); });
    EXPECT_EQ(ends_[0], "exited with status 127");
}

}  // namespace
}  // namespace hilum
