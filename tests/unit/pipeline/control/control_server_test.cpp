#include "pipeline/control/control_server.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/channel.h"
#include "pipeline/asio_world.h"
#include "unit/store/test_database.h"

namespace hilum {
namespace {

using namespace std::chrono_literals;

class ControlServerTest : public testing::Test {
  protected:
    ControlServerTest() {
        settings_.data_dir = folder_.path();
        server_.emplace(world_, events_, settings_,
                        [this](const Packet&, const std::string&, std::function<void(const nlohmann::json&)>,
                               std::stop_token client_gone) { gone_.push_back(std::move(client_gone)); });
        EXPECT_TRUE(server_->start());
    }
    Channel client() {
        const auto address = unix_address(settings_.control()).value();
        UniqueFd fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
        EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
        return Channel(std::move(fd));
    }
    void run_until(const std::function<bool()>& condition) {
        const auto deadline = world_.monotonic() + 20s;
        while (!condition() && world_.monotonic() < deadline) loop_.run_one_for(100ms);
        ASSERT_TRUE(condition()) << "waited in vain";
    }

    test::TemporaryFolder folder_;
    NodeSettings settings_;
    boost::asio::io_context loop_;
    AsioWorld world_{loop_};
    CommitQueue commits_{world_, test::open_database(folder_)};
    EventKeeper events_{world_, commits_};
    std::vector<std::stop_token> gone_;  // of each request, in order
    std::optional<ControlServer> server_;
};

TEST_F(ControlServerTest, TellsWhenTheClientOfARequestIsGone) {
    auto leaving = client(), staying = client();
    ASSERT_TRUE(leaving.send(Packet(nlohmann::json{{"verb", "audit.verify"}})));
    run_until([&] { return gone_.size() == 1; });
    ASSERT_TRUE(staying.send(Packet(nlohmann::json{{"verb", "audit.verify"}})));
    run_until([&] { return gone_.size() == 2; });
    EXPECT_FALSE(gone_[0].stop_requested());
    leaving.close();
    run_until([&] { return gone_[0].stop_requested(); });
    EXPECT_FALSE(gone_[1].stop_requested());
    server_.reset();
    EXPECT_TRUE(gone_[1].stop_requested()) << "nobody can be answered any more";
}

TEST_F(ControlServerTest, HearsNoProcessOfTheNodesOwn) {
    const auto child = ::fork();
    if (child == 0) {
        auto daemon = client();
        (void)daemon.send(Packet(nlohmann::json{{"verb", "status"}}));
        ::_exit(daemon.receive() ? 2 : 0);
    }
    siginfo_t end{};
    run_until([&] {
        return end.si_pid == child ||
               (::waitid(P_PID, static_cast<id_t>(child), &end, WEXITED | WNOHANG) == 0 &&
                end.si_pid == child);
    });
    EXPECT_EQ(end.si_status, 0);
    EXPECT_TRUE(gone_.empty()) << "nothing of it was handled";
}

TEST_F(ControlServerTest, HearsNobodyWhoIsGone) {
    const auto child = ::fork();
    if (child == 0) {
        auto daemon = client();
        ::_exit(daemon.send(Packet(nlohmann::json{{"verb", "status"}})) ? 0 : 2);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_EQ(status, 0) << "it has asked";
    auto another = client();
    ASSERT_TRUE(another.send(Packet(nlohmann::json{{"verb", "audit.verify"}})));
    run_until([&] { return !gone_.empty(); });
    EXPECT_EQ(gone_.size(), 1U) << "who came after is heard alone";
}

}  // namespace
}  // namespace hilum
