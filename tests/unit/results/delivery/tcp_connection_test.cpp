#include "results/delivery/tcp_connection.h"

#include <gmock/gmock.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/confinement/confinement.h"
#include "support/loopback.h"

namespace hilum::delivery {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using Clock = std::chrono::steady_clock;

TcpDestination destination(const std::string& host, int port, Duration timeout = seconds(10)) {
    return {"PACS at " + host_and_port(host, port), host, port, timeout};
}

std::vector<std::string> texts(const Result<std::vector<SocketAddress>>& addresses) {
    std::vector<std::string> found;
    if (addresses)
        for (const auto& address : *addresses) found.push_back(address.text());
    return found;
}

int never(const char*, const char*, const addrinfo*, addrinfo**) {
    for (;;) ::pause();
}
int never_and_confined(const char*, const char*, const addrinfo*, addrinfo**) {
    for (;;) ::poll(nullptr, 0, -1);
}
int unknown(const char*, const char*, const addrinfo*, addrinfo**) {
    return EAI_NONAME;
}
int crashes(const char*, const char*, const addrinfo*, addrinfo**) {
    ::_exit(3);
}
int two_addresses(const char*, const char* port, const addrinfo* hints, addrinfo** found) {
    if (const int error = ::getaddrinfo("127.0.0.2", port, hints, found); error != 0) return error;
    return ::getaddrinfo("127.0.0.1", port, hints, &(*found)->ai_next);
}

TEST(HostLookup, TakesAddressesAsTheyAre) {
    const auto soon = Clock::now() + seconds(10);
    EXPECT_THAT(texts(addresses_of("10.1.0.5", 104, soon, never)), ElementsAre("10.1.0.5"));
    EXPECT_THAT(texts(addresses_of("fd00::1", 104, soon, never)), ElementsAre("fd00::1"));
    EXPECT_THAT(texts(addresses_of("[fd00::1]", 104, soon, never)), ElementsAre("fd00::1"));
    EXPECT_EQ(host_and_port("fd00::1", 104), "[fd00::1]:104");
    EXPECT_EQ(host_and_port("[fd00::1]", 104), "[fd00::1]:104");
    EXPECT_EQ(host_and_port("pacs", 104), "pacs:104");
}

TEST(HostLookup, GivesAllAddressesInTheirOrder) {
    EXPECT_THAT(texts(addresses_of("pacs", 104, Clock::now() + seconds(10), two_addresses)),
                ElementsAre("127.0.0.2", "127.0.0.1"));
}

TEST(HostLookup, EndsAtTheDeadlineAndLeavesNoProcess) {
    const auto before = Clock::now();
    const auto found = addresses_of("pacs", 104, before + milliseconds(200), never);
    EXPECT_LT(Clock::now() - before, seconds(5));
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, "timeout");
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a child is left";
}

// Where it may end no process, its own child neither.
TEST(HostLookup, EndsAtTheDeadlineInAConfinedSender) {
    const pid_t sender = ::fork();
    if (sender == 0) {
        if (!confine(Role::sender, {}, -1)) ::_exit(2);
        const auto found = addresses_of("pacs", 104, Clock::now() + milliseconds(200), never_and_confined);
        ::_exit(!found && found.error().code == "timeout" ? 0 : 1);
    }
    int end = 0;
    ASSERT_EQ(::waitpid(sender, &end, 0), sender);
    EXPECT_EQ(end, 0);
}

TEST(HostLookup, SurvivesAResolverThatCrashes) {
    const auto found = addresses_of("pacs", 104, Clock::now() + seconds(10), crashes);
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, "system");
}

TEST(TcpConnection, TellsWhyAHostIsNotFound) {
    auto answer = connect_to(destination("pacs", 104), unknown).error();
    EXPECT_TRUE(answer.no_association);
    EXPECT_THAT(answer.message,
                HasSubstr("cannot find the host of PACS at pacs:104 (Name or service not known)"));
    answer = connect_to(destination("pacs", 104, milliseconds(200)), never).error();
    EXPECT_EQ(answer.outcome, Outcome::retry);
    EXPECT_THAT(answer.message, HasSubstr("the DNS does not answer within"));
}

TEST(TcpConnection, TriesEachAddressOfAHost) {
    auto [listening, port] = test::bind_loopback(4);  // on 127.0.0.1 alone
    EXPECT_TRUE(connect_to(destination("pacs", port), two_addresses));
    listening.reset();
    const auto answer = connect_to(destination("pacs", port), two_addresses).error();
    EXPECT_THAT(answer.message, HasSubstr("127.0.0.2: Connection refused; 127.0.0.1: Connection refused"));
}

TEST(TcpConnection, DoesNotWaitForAnAddressThatIsSilent) {
    auto [listening, port] = test::bind_loopback(4);
    // A listening socket with a full queue answers no more connection.
    UniqueFd full(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    ASSERT_EQ(::bind(full.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(::listen(full.get(), 0), 0);
    std::vector<UniqueFd> waiting;
    for (int i = 0; i < 3; ++i) {
        waiting.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        (void)::connect(waiting.back().get(), reinterpret_cast<sockaddr*>(&address), sizeof address);
    }
    const auto before = Clock::now();
    EXPECT_TRUE(connect_to(destination("pacs", port, seconds(30)), two_addresses));
    EXPECT_LT(Clock::now() - before, seconds(15));
    const auto silent = connect_to(destination("127.0.0.2", port, milliseconds(300))).error();
    EXPECT_THAT(silent.message, HasSubstr("(no answer in time)"));
}

}  // namespace
}  // namespace hilum::delivery
