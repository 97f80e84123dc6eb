#include "base/local/service_manager.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <chrono>
#include <cstdlib>
#include <string>

#include "base/unique_fd.h"
#include "support/temporary_folder.h"

namespace hilum {
namespace {

class ServiceManager : public testing::Test {
  protected:
    ServiceManager() : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        name_.copy(address.sun_path, sizeof address.sun_path - 1);
        EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
        ::setenv("NOTIFY_SOCKET", name_.c_str(), 1);
    }
    ~ServiceManager() override { ::unsetenv("NOTIFY_SOCKET"); }

    std::string read() {
        char text[256];
        const auto size = ::recv(socket_.get(), text, sizeof text, 0);
        return size < 0 ? "" : std::string(text, static_cast<std::size_t>(size));
    }

  private:
    test::TemporaryFolder folder_;
    const std::string name_ = (folder_.path() / "notify").string();
    UniqueFd socket_;
};

TEST_F(ServiceManager, IsToldWhatThereIs) {
    ASSERT_TRUE(tell_service_manager("READY=1\nSTATUS="));
    EXPECT_EQ(read(), "READY=1\nSTATUS=");
}

TEST_F(ServiceManager, OneThatReadsNothingHoldsUpNobody) {
    int told = 0;
    while (told < 100'000 && tell_service_manager("WATCHDOG=1")) ++told;
    ASSERT_GT(told, 0);
    ASSERT_LT(told, 100'000) << "its socket takes all";
    EXPECT_FALSE(tell_service_manager("STOPPING=1", std::chrono::milliseconds(50)));
    ASSERT_EQ(read(), "WATCHDOG=1");
    EXPECT_TRUE(tell_service_manager("STOPPING=1", std::chrono::seconds(20))) << "it reads again";
}

TEST_F(ServiceManager, MayBeNone) {
    ::unsetenv("NOTIFY_SOCKET");
    EXPECT_TRUE(tell_service_manager("READY=1"));
    ::setenv("NOTIFY_SOCKET", "", 1);
    EXPECT_TRUE(tell_service_manager("READY=1"));
}

TEST_F(ServiceManager, SaysWhereItIsNotThere) {
    for (const char* name : {"/nowhere/notify", "@hilum-nobody-listens", "notify", "vsock:2:1234"}) {
        ::setenv("NOTIFY_SOCKET", name, 1);
        const auto told = tell_service_manager("READY=1");
        ASSERT_FALSE(told) << name;
        EXPECT_NE(told.error().message.find(name), std::string::npos) << told.error().message;
    }
}

}  // namespace
}  // namespace hilum
