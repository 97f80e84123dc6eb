#include "results/delivery/rendezvous.h"

#include <gmock/gmock.h>
#include <poll.h>
#include <sys/wait.h>

#include <functional>
#include <vector>

#include "base/confinement/confinement.h"
#include "base/confinement/landlock.h"
#include "dicom/dataset_reading.h"
#include "results/delivery/storage_scu.h"
#include "support/loopback.h"
#include "unit/results/delivery/scripted_scp.h"

namespace hilum::delivery {
namespace {

using test::ScriptedScp;
using testing::HasSubstr;

// What a child that is confined as the sender of the port is gets from an SCP, and from another port.
class ConfinedSenderTest : public testing::Test {
  protected:
    RemoteNode node(int port) const {
        RemoteNode node{"HILUM", "PACS", "127.0.0.1", port, std::chrono::seconds(10)};
        node.rendezvous = rendezvous_;
        return node;
    }
    int confined(const std::function<int()>& body) {
        const pid_t pid = ::fork();
        if (pid == 0) {
            if (!prepare_dcmtk()) ::_exit(100);
            if (!confine(Role::sender, {.connect_ports = {scp_.port(), rendezvous_->port()}}, -1))
                ::_exit(101);
            ::_exit(body());
        }
        int status = 0;
        ::waitpid(pid, &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
    }

    std::shared_ptr<Rendezvous> rendezvous_ = Rendezvous::open().value();
    ScriptedScp scp_;
    const int elsewhere_ = test::closed_port();
};

TEST_F(ConfinedSenderTest, HasOneAssociationAfterAnotherWithItsDestination) {
    EXPECT_EQ(confined([this] {
                  StorageScu scu(node(scp_.port()));
                  int answers = 0;
                  for (int i = 0; i < 3; ++i) answers += scu.echo().outcome == Outcome::delivered;
                  return answers;
              }),
              3);
    EXPECT_EQ(scp_.associations(), 3);
}

TEST_F(ConfinedSenderTest, ConnectsToNoOtherPort) {
    if (landlock_version() < 4) GTEST_SKIP() << "this kernel's Landlock knows no ports";
    EXPECT_EQ(confined([this] {
                  const auto answer = StorageScu(node(elsewhere_)).echo();
                  return answer.message.find("Permission denied") == std::string::npos;
              }),
              0);
}

TEST_F(ConfinedSenderTest, IsNotHeldUpByStrangersAtItsRendezvous) {
    std::vector<UniqueFd> strangers;
    for (int i = 0; i < 20; ++i) strangers.push_back(test::connect_loopback(rendezvous_->port()));
    EXPECT_EQ(confined([this] {
                  return StorageScu(node(scp_.port())).echo().outcome == Outcome::delivered ? 0 : 1;
              }),
              0);
    for (const auto& stranger : strangers) {
        ASSERT_TRUE(stranger);
        pollfd closed{stranger.get(), POLLIN, 0};
        EXPECT_EQ(::poll(&closed, 1, 10'000), 1) << "it was not closed";
    }
}

}  // namespace
}  // namespace hilum::delivery
