#include "scp/admission/waiting_room.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <string>

namespace hilum::scp {
namespace {

using namespace std::chrono_literals;

class WaitingRoomTest : public testing::Test {
  protected:
    // Of the connections that enter, by their number.
    int enter(const std::string& address, Standing standing, const std::string& sends = {}) {
        int ends[2];
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
        peers_.emplace_back(ends[0]);
        if (!sends.empty()) {
            EXPECT_EQ(::send(ends[0], sends.data(), sends.size(), 0), static_cast<ssize_t>(sends.size()));
        }
        closed_ = room_.enter(UniqueFd(ends[1]), {IpAddress::parse(address).value(), address, standing},
                              Opening::associate_request, now_);
        return static_cast<int>(peers_.size()) - 1;
    }
    std::vector<WaitingRoom::Closed> look() {
        std::vector<pollfd> polled;
        room_.add_to(polled);
        ::poll(polled.data(), polled.size(), 0);
        return room_.look(polled, now_);
    }
    bool is_open(int connection) const {
        char byte;
        return ::recv(peers_[static_cast<std::size_t>(connection)].get(), &byte, 1, MSG_DONTWAIT) < 0;
    }
    std::string next_peer() {
        const auto next = room_.next(now_);
        return next ? next->guest.peer : "";
    }

    const std::string request_ = std::string("\x01\0\0\0\0\x04", 6) + "1234";
    MonotonicTime now_{1h};
    std::vector<UniqueFd> peers_;
    std::vector<WaitingRoom::Closed> closed_;
    WaitingRoom room_{{.connections = 6,
                       .kept_for_named = 2,
                       .per_address = 3,
                       .unlisted = 2,
                       .unlisted_per_address = 1,
                       .time_to_ask = 10s}};
};

TEST_F(WaitingRoomTest, OnlyWhoAsksGetsAReceiver) {
    enter("10.0.0.1", Standing::listed);
    enter("10.0.0.2", Standing::listed, request_.substr(0, 7));
    EXPECT_TRUE(look().empty());
    EXPECT_EQ(next_peer(), "");
    enter("10.0.0.3", Standing::listed, request_);
    enter("10.0.0.4", Standing::listed, "GET / HTTP/1.1\r\n");
    EXPECT_TRUE(look().empty());
    EXPECT_EQ(next_peer(), "10.0.0.3");
    EXPECT_EQ(next_peer(), "10.0.0.4");
    EXPECT_EQ(next_peer(), "");
}

TEST_F(WaitingRoomTest, AConnectionThatGoesOrAsksTooLateIsClosed) {
    const int silent = enter("10.0.0.1", Standing::listed);
    const int gone = enter("10.0.0.2", Standing::listed);
    peers_[static_cast<std::size_t>(gone)].reset();
    EXPECT_TRUE(look().empty()) << "nobody is told of one that goes by itself";
    EXPECT_EQ(room_.waiting(), 1U);
    now_ += 10s;
    EXPECT_EQ(room_.patience(now_, 2s), 0ms);
    const auto closed = look();
    ASSERT_EQ(closed.size(), 1U);
    EXPECT_EQ(closed[0].why, ConnectionClosing::timeout);
    EXPECT_FALSE(is_open(silent));
    EXPECT_EQ(room_.waiting(), 0U);
}

TEST_F(WaitingRoomTest, OfAnAddressThatHasTooManyTheOldestSilentOneGivesWay) {
    const int asks = enter("10.0.0.1", Standing::listed, request_);
    const int oldest = enter("10.0.0.1", Standing::listed);
    const int newer = enter("10.0.0.1", Standing::listed);
    look();
    const int newest = enter("10.0.0.1", Standing::listed);
    ASSERT_EQ(closed_.size(), 1U);
    EXPECT_EQ(closed_[0].why, ConnectionClosing::address_limit);
    EXPECT_FALSE(is_open(oldest));
    for (const int open : {asks, newer, newest}) EXPECT_TRUE(is_open(open));
}

TEST_F(WaitingRoomTest, AForeignByteGetsNoReceiverAndGivesWay) {
    for (int i = 0; i < 3; ++i) enter("10.0.0.1", Standing::listed, "G");
    look();
    EXPECT_EQ(next_peer(), "");
    enter("10.0.0.1", Standing::listed, request_);
    ASSERT_EQ(closed_.size(), 1U);
    EXPECT_EQ(closed_[0].why, ConnectionClosing::address_limit);
    EXPECT_EQ(room_.waiting(), 3U);
    look();
    EXPECT_EQ(next_peer(), "10.0.0.1") << "the one that asked got the place";
    EXPECT_EQ(next_peer(), "");
}

TEST_F(WaitingRoomTest, WhoHasMostGivesWayToOthersAndNeverTheOtherWayRound) {
    for (int i = 0; i < 3; ++i) enter("10.0.0.1", Standing::listed);
    const int other = enter("10.0.0.2", Standing::listed);
    enter("10.0.0.3", Standing::listed);  // 4 of 6 are not for hosts that are named
    ASSERT_EQ(closed_.size(), 1U);
    EXPECT_EQ(closed_[0].peer, "10.0.0.1");
    EXPECT_EQ(closed_[0].why, ConnectionClosing::connection_limit);
    EXPECT_FALSE(is_open(0));
    enter("10.0.0.1", Standing::listed);
    EXPECT_FALSE(is_open(1)) << "its own";
    EXPECT_TRUE(is_open(other));
}

TEST_F(WaitingRoomTest, NamedHostsHavePlacesOfTheirOwn) {
    std::vector<int> named;
    for (int i = 0; i < 3; ++i) named.push_back(enter("10.0.0.9", Standing::named));
    for (int i = 0; i < 20; ++i) enter("10.0.1." + std::to_string(i), Standing::listed);
    for (int i = 0; i < 20; ++i) enter("192.0.2." + std::to_string(i), Standing::unlisted);
    for (const int connection : named) EXPECT_TRUE(is_open(connection));
    const int another = enter("10.0.0.8", Standing::named);
    EXPECT_TRUE(is_open(another));
}

TEST_F(WaitingRoomTest, UnlistedAddressesShareAFewPlacesAndTakeNoOthers) {
    std::vector<int> unlisted;
    for (int i = 0; i < 50; ++i)
        unlisted.push_back(enter("192.0.2." + std::to_string(i), Standing::unlisted));
    EXPECT_EQ(room_.waiting(), 2U);
    EXPECT_EQ(closed_.at(0).why, ConnectionClosing::unlisted_limit);
    for (int i = 0; i < 4; ++i) enter("10.0.0." + std::to_string(i), Standing::listed);
    EXPECT_TRUE(closed_.empty());
}

TEST_F(WaitingRoomTest, ReceiversCountUntilTheyAreGone) {
    std::vector<WaitingRoom::Asking> served;
    for (int i = 0; i < 3; ++i) enter("10.0.0.1", Standing::listed, request_);
    look();
    while (auto next = room_.next(now_)) served.push_back(std::move(*next));
    ASSERT_EQ(served.size(), 3U);
    const int refused = enter("10.0.0.1", Standing::listed);
    EXPECT_FALSE(is_open(refused)) << "nothing silent gives way";
    EXPECT_EQ(closed_.at(0).why, ConnectionClosing::address_limit);
    room_.leave(served.back().guest);
    EXPECT_TRUE(is_open(enter("10.0.0.1", Standing::listed)));
}

TEST_F(WaitingRoomTest, AddressesTakeTurnsAndListedOnesComeFirst) {
    enter("192.0.2.1", Standing::unlisted, request_);
    for (int i = 0; i < 3; ++i) enter("10.0.0.1", Standing::listed, request_);
    enter("10.0.0.2", Standing::listed, request_);
    look();
    EXPECT_EQ(next_peer(), "10.0.0.1");
    EXPECT_EQ(next_peer(), "10.0.0.2");
    EXPECT_EQ(next_peer(), "10.0.0.1");
    EXPECT_EQ(next_peer(), "10.0.0.1");
    EXPECT_EQ(next_peer(), "192.0.2.1");
}

TEST_F(WaitingRoomTest, AnUnlistedHostThatAsksWithoutEndIsServedAtAPace) {
    int served = 0;
    for (int i = 0; i < 200; ++i) {
        enter("192.0.2.1", Standing::unlisted, request_);
        look();
        if (const auto next = room_.next(now_)) {
            ++served;
            room_.leave(next->guest);
        }
    }
    EXPECT_EQ(served, 20);
    now_ += 1s;
    EXPECT_TRUE(room_.next(now_)) << "it waited";
}

TEST(AdmissionLimits, KeepAQuarterForHostsThatAreNamed) {
    Configuration configuration;
    configuration.scp.accept = {{"PACS", {"10.0.0.0/8"}}};
    auto policy = AssociationPolicy::make(configuration).value();
    EXPECT_EQ(admission_limits(configuration.scp, policy, 10'000).kept_for_named, 0);
    configuration.scp.accept.push_back({"CT", {"10.0.0.7"}});
    policy = AssociationPolicy::make(configuration).value();
    EXPECT_EQ(admission_limits(configuration.scp, policy, 10'000).connections, 1024);
    EXPECT_EQ(admission_limits(configuration.scp, policy, 10'000).kept_for_named, 256);
    EXPECT_EQ(admission_limits(configuration.scp, policy, 100).per_address, 100);
}

}  // namespace
}  // namespace hilum::scp
