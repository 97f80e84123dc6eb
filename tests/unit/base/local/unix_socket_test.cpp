#include "base/local/unix_socket.h"

#include <gmock/gmock.h>
#include <grp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "support/temporary_folder.h"

namespace hilum {
namespace {

using testing::Contains;
using testing::HasSubstr;

UniqueFd connect_to(const std::string& path, int type = SOCK_STREAM) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    UniqueFd fd(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fd.reset();
    return fd;
}

class UnixSocketTest : public testing::Test {
  protected:
    mode_t mode() const {
        struct stat now {};
        EXPECT_EQ(::stat(path_.c_str(), &now), 0);
        return now.st_mode & 0777;
    }

    test::TemporaryFolder folder_;
    std::string path_ = (folder_ / "it.sock").string();
};

TEST_F(UnixSocketTest, IsReachableByWhomItsModeSays) {
    const auto listening = listen_at(path_, SOCK_STREAM, 0600);
    ASSERT_TRUE(listening) << listening.error().message;
    EXPECT_EQ(mode(), 0600u);
    EXPECT_TRUE(connect_to(path_));
}

TEST_F(UnixSocketTest, TakesThePlaceOfADeadOneAlone) {
    (void)listen_at(path_, SOCK_SEQPACKET, 0600);  // closed at once, and left behind
    ASSERT_TRUE(std::filesystem::is_socket(path_));
    const auto second = listen_at(path_, SOCK_SEQPACKET, 0666);
    ASSERT_TRUE(second) << second.error().message;
    EXPECT_EQ(mode(), 0666u);
    const auto third = listen_at(path_, SOCK_SEQPACKET, 0600);
    ASSERT_FALSE(third);
    EXPECT_EQ(third.error().code, "in_use");
    EXPECT_EQ(listen_at(path_, SOCK_STREAM, 0600).error().code, "in_use") << "of another kind";
    EXPECT_TRUE(connect_to(path_, SOCK_SEQPACKET)) << "the one that is in use is left alone";
}

TEST_F(UnixSocketTest, RemovesNothingThatIsNoSocket) {
    std::ofstream(path_) << "mine";
    const auto refused = listen_at(path_, SOCK_STREAM, 0600);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, "exists");
    EXPECT_THAT(refused.error().message, HasSubstr(path_));
    EXPECT_EQ(std::filesystem::file_size(path_), 4u);
    std::filesystem::remove(path_);
    std::filesystem::create_symlink(folder_ / "elsewhere", path_);
    EXPECT_EQ(listen_at(path_, SOCK_STREAM, 0600).error().code, "exists");
}

TEST_F(UnixSocketTest, SaysThatAPathIsTooLongOrLeadsNowhere) {
    EXPECT_EQ(listen_at(path_ + std::string(108, 'x'), SOCK_STREAM, 0600).error().code, "configuration");
    EXPECT_EQ(listen_at(folder_ / "no/such/folder", SOCK_STREAM, 0600).error().code, "system");
}

TEST_F(UnixSocketTest, KnowsWhoConnectedWithAllGroups) {
    const auto listening = listen_at(path_, SOCK_STREAM, 0666);
    ASSERT_TRUE(listening);
    const auto peer_of_next = [&] {
        pollfd next{listening->get(), POLLIN, 0};
        EXPECT_EQ(::poll(&next, 1, 20'000), 1);
        const UniqueFd accepted(::accept(listening->get(), nullptr, nullptr));
        const auto peer = unix_peer_of(accepted.get());
        EXPECT_TRUE(peer);
        return peer.value_or(UnixPeer());
    };
    const auto self = connect_to(path_);
    const auto own = peer_of_next();
    EXPECT_EQ(own.pid, ::getpid());
    EXPECT_EQ(own.uid, ::geteuid());
    EXPECT_TRUE(own.is_in(::getegid()));
    EXPECT_FALSE(own.is_in(54321));
    if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user";
    ::chmod(folder_.path().c_str(), 0755);
    const pid_t child = ::fork();
    if (child == 0) {
        std::vector<gid_t> many;  // more than a first guess has room for
        for (gid_t group = 3000; group < 3200; ++group) many.push_back(group);
        const bool became =
            ::setgroups(many.size(), many.data()) == 0 && ::setgid(2001) == 0 && ::setuid(2000) == 0;
        ::_exit(became && connect_to(path_) ? 0 : 1);
    }
    const auto other = peer_of_next();
    int status = -1;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
    EXPECT_EQ(other.uid, 2000u);
    for (const gid_t group : {2001, 3000, 3199}) EXPECT_TRUE(other.is_in(group)) << group;
    EXPECT_FALSE(other.is_in(0));
}

TEST(GroupId, IsThatOfANameOrANumber) {
    EXPECT_EQ(group_id("root"), 0u);
    EXPECT_EQ(group_id("54321"), 54321u);
    EXPECT_FALSE(group_id("no-such-group"));
    EXPECT_FALSE(group_id(""));
    EXPECT_FALSE(group_id("12x"));
}

}  // namespace
}  // namespace hilum
