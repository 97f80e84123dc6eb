#include "pipeline/reception.h"

#include <gtest/gtest.h>
#include <poll.h>

#include "base/heartbeat.h"
#include "unit/pipeline/lanes/lane_fixture.h"

namespace hilum {
namespace {

using namespace std::chrono_literals;

class ReceptionTest : public test::LaneTest {
  protected:
    ReceptionTest() {
        configuration_.scp.max_associations = 6;
        configuration_.scp.max_associations_per_caller = 2;
        configuration_.scp.max_associations_per_address = 2;
        reception_.start(specification("listener"), {[] {}, [] {}, [](const CertificatesLoaded&) {},
                                                     [](const CommitmentReport&, const auto&) {}});
        run_for(1s);
        say(to_packet(ListenerReady{11112, 0}));
        run_for(1s);
    }

    // What a connection is answered that asks for an association; it stays open.
    std::string ask(const std::string& calling_ae, const std::string& peer, const std::string& host) {
        auto [coordinators, receivers] = std::move(*Channel::make_pair());
        const auto unused = make_heartbeat();  // the simulated world knows processes by their numbers
        const int fds[] = {coordinators.fd(), unused->get(), unused->get()};
        say(to_packet(ConnectionAccepted{peer, world_.next_pid(), host}), fds);
        run_for(1s);
        (void)receivers.send(to_packet(AssociationRequested{calling_ae, "HILUM", peer}));
        run_for(1s);
        pollfd readable{receivers.fd(), POLLIN, 0};
        if (::poll(&readable, 1, 0) != 1) return "no answer";
        const auto message = receivers.receive();
        open_.push_back(std::move(receivers));
        if (!message) return message.error().code;
        const auto answer = from_packet<AssociationAnswer>(*message);
        return answer ? enum_string(answer->outcome) : answer.error().message;
    }
    std::string ask(const std::string& calling_ae, const std::string& address) {
        return ask(calling_ae, address, address);
    }

    Configuration configuration_;
    EventKeeper events_{world_, commits_};
    Reception reception_{world_, commits_, events_, configuration_, test::instance_store(folder_)};
    std::vector<Channel> open_;
};

TEST_F(ReceptionTest, OneAddressHasItsShareUnderWhicheverAeTitles) {
    EXPECT_EQ(ask("CT1", "10.1.0.5"), "accepted");
    EXPECT_EQ(ask("CT2", "10.1.0.5"), "accepted");
    EXPECT_EQ(ask("CT3", "10.1.0.5"), "address_limit");
    EXPECT_EQ(ask("CT3", "10.1.0.6"), "accepted") << "another address";
    open_.front().close();
    run_for(1s);
    EXPECT_EQ(ask("CT3", "10.1.0.5"), "accepted") << "one is over";
}

TEST_F(ReceptionTest, AnAddressCountsForTheHostThatTheListenerTakesItFor) {
    const std::string subnet = "2001:db8::";
    EXPECT_EQ(ask("CT1", "2001:db8::1", subnet), "accepted");
    EXPECT_EQ(ask("CT2", "2001:db8::2", subnet), "accepted");
    EXPECT_EQ(ask("CT3", "2001:db8::3", subnet), "address_limit");
    EXPECT_EQ(ask("CT3", "2001:db8::4"), "accepted") << "a host of its own";
}

TEST_F(ReceptionTest, ACallerHasItsShareOfThoseOfItsHost) {
    configuration_.scp.max_associations_per_address = 4;
    for (int i = 0; i < 2; ++i) EXPECT_EQ(ask("CT1", "10.1.0.5"), "accepted");
    EXPECT_EQ(ask("CT1", "10.1.0.5"), "caller_limit");
    EXPECT_EQ(ask("CT2", "10.1.0.5"), "accepted");
    EXPECT_EQ(ask("CT1", "10.1.0.6"), "accepted");
}

TEST_F(ReceptionTest, AllTogetherHaveNoMoreThanTheNodesLimit) {
    for (int i = 0; i < 6; ++i) EXPECT_EQ(ask("CT", "10.1.0." + std::to_string(i)), "accepted");
    EXPECT_EQ(ask("CT", "10.1.0.7"), "local_limit");
}

TEST_F(ReceptionTest, ConnectionsThatGetNoProcessAreTroubleUntilOneDoesOrNoneComes) {
    const auto turn_away = [this](ConnectionClosing why) {
        say(to_packet(ConnectionsClosed{"10.1.0.5", why, 3}));
        run_for(1s);
    };
    turn_away(ConnectionClosing::connection_limit);
    EXPECT_FALSE(reception_.lack_of_receivers()) << "that is the caller's";
    turn_away(ConnectionClosing::no_receiver);
    ASSERT_TRUE(reception_.lack_of_receivers());
    EXPECT_EQ(reception_.lack_of_receivers()->where, "receiving");
    run_for(50s);
    turn_away(ConnectionClosing::no_receiver);
    run_for(50s);
    EXPECT_TRUE(reception_.lack_of_receivers()) << "counted from the last";
    run_for(11s);
    EXPECT_FALSE(reception_.lack_of_receivers()) << "nobody comes who would show it";
    turn_away(ConnectionClosing::no_receiver);
    EXPECT_EQ(ask("CT1", "10.1.0.6"), "accepted");
    EXPECT_FALSE(reception_.lack_of_receivers());
}

}  // namespace
}  // namespace hilum
