#include "syslog/syslog_client.h"

#include <gmock/gmock.h>
#include <sys/socket.h>

#include <thread>

#include "support/loopback.h"

namespace hilum::syslog {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

SyslogSettings server_at(int port, SyslogProtocol protocol) {
    SyslogSettings server;
    server.name = "arr";
    server.host = "127.0.0.1";
    server.port = port;
    server.protocol = protocol;
    server.timeout = 2s;
    return server;
}

std::string read_some(int socket) {
    std::string buffer(65536, '\0');
    const auto n = ::recv(socket, buffer.data(), buffer.size(), 0);
    buffer.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return buffer;
}

void reset(UniqueFd& connection) {
    const linger at_once{1, 0};
    ::setsockopt(connection.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    connection.reset();
}

bool dies_soon(SyslogClient& client) {
    for (int i = 0; i < 500; ++i) {
        if (!client.alive()) return true;
        std::this_thread::sleep_for(10ms);
    }
    return false;
}

TEST(SyslogClient, SendsFramesOverTcpAndKnowsWhenTheConnectionIsGone) {
    auto [listening, port] = test::bind_loopback(1);
    const auto settings = server_at(port, SyslogProtocol::tcp);
    SyslogClient client(settings, nullptr, {});
    EXPECT_EQ(client.connection(), 0);
    EXPECT_FALSE(client.alive());
    ASSERT_TRUE(client.open());
    EXPECT_EQ(client.connection(), 1);
    UniqueFd connection(::accept(listening.get(), nullptr, nullptr));
    ASSERT_TRUE(client.send({"one", "Müller"}));
    EXPECT_EQ(read_some(connection.get()), "3 one7 Müller");
    ASSERT_EQ(::send(connection.get(), "chatter", 7, 0), 7);
    EXPECT_TRUE(client.alive()) << "what the server says means nothing";
    connection.reset();
    EXPECT_TRUE(dies_soon(client));
    EXPECT_FALSE(client.send({"two"}));
    EXPECT_EQ(client.connection(), 0);
    ASSERT_TRUE(client.open());
    EXPECT_EQ(client.connection(), 2) << "another one";
}

TEST(SyslogClient, HoldsNothingForSentThatAServerReset) {
    auto [listening, port] = test::bind_loopback(1);
    const auto settings = server_at(port, SyslogProtocol::tcp);
    SyslogClient client(settings, nullptr, {});
    ASSERT_TRUE(client.open());
    UniqueFd connection(::accept(listening.get(), nullptr, nullptr));
    ASSERT_TRUE(client.send({"taken by the system, and never read"}));
    reset(connection);
    EXPECT_TRUE(dies_soon(client));
}

TEST(SyslogClient, WaitsNoLongerThanItsTimeForAServerThatTakesNothing) {
    auto [listening, port] = test::bind_loopback(1);
    auto settings = server_at(port, SyslogProtocol::tcp);
    settings.timeout = 300ms;
    SyslogClient client(settings, nullptr, {});
    ASSERT_TRUE(client.open());
    UniqueFd connection(::accept(listening.get(), nullptr, nullptr));
    const auto sent = client.send({std::string(64 << 20, 'x')});
    ASSERT_FALSE(sent);
    EXPECT_THAT(sent.error().message, HasSubstr("took nothing more"));
}

TEST(SyslogClient, TellsThatNobodyListens) {
    const auto settings = server_at(test::closed_port(), SyslogProtocol::tcp);
    SyslogClient client(settings, nullptr, {});
    const auto opened = client.open();
    ASSERT_FALSE(opened);
    EXPECT_THAT(opened.error().message, HasSubstr("arr at 127.0.0.1:"));
    EXPECT_EQ(client.connection(), 0);
}

TEST(SyslogClient, SendsADatagramForEachMessageAndHearsThatNobodyListens) {
    UniqueFd receiver(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ASSERT_EQ(::bind(receiver.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    ASSERT_EQ(::getsockname(receiver.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    const auto settings = server_at(ntohs(address.sin_port), SyslogProtocol::udp);
    SyslogClient client(settings, nullptr, {});
    ASSERT_TRUE(client.open());
    const std::string longest(largest_datagram, 'x');
    ASSERT_TRUE(client.send({"one", longest}));
    EXPECT_EQ(read_some(receiver.get()), "one");
    EXPECT_EQ(read_some(receiver.get()), longest);
    EXPECT_TRUE(client.alive());
    receiver.reset();
    ASSERT_TRUE(client.send({"into the void"})) << "nobody can tell yet";
    EXPECT_TRUE(dies_soon(client));
}

}  // namespace
}  // namespace hilum::syslog
