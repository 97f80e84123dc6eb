#include "base/channel.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "base/file_system.h"

namespace hilum {
namespace {

class ChannelTest : public testing::Test {
  protected:
    void SetUp() override {
        auto pair = Channel::make_pair();
        ASSERT_TRUE(pair) << pair.error().message;
        left_ = std::move(pair->first);
        right_ = std::move(pair->second);
    }

    // What the right one says before it leaves, whatever it has not read.
    void expect_last_words() {
        ASSERT_TRUE(right_.send(Packet(nlohmann::json{{"type", "last words"}})));
        right_.close();
        const auto got = left_.receive();
        ASSERT_TRUE(got) << got.error().message;
        EXPECT_EQ(got->packet.body().at("type"), "last words");
        EXPECT_EQ(left_.receive().error().code, "closed");
    }

    Channel left_, right_;
};

UniqueFd memfd_holding(std::string_view text) {
    auto fd = make_memfd("test", std::as_bytes(std::span(text)));
    EXPECT_TRUE(fd) << fd.error().message;
    return std::move(*fd);
}

Packet packet_of(const nlohmann::json& body) {
    return Packet(body);
}

TEST_F(ChannelTest, CarriesAMessageAsItWas) {
    const nlohmann::json body = {{"type", "echo"}, {"number", 7}, {"text", "Jos\xC3\xA9"}};
    ASSERT_TRUE(left_.send(Packet(body)));
    const auto got = right_.receive();
    ASSERT_TRUE(got) << got.error().message;
    EXPECT_EQ(got->packet.body(), body);
    EXPECT_TRUE(got->fds.empty());
}

TEST_F(ChannelTest, KeepsTheBordersAndTheOrderOfMessages) {
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(left_.send(packet_of({{"number", i}})));
    for (int i = 0; i < 20; ++i) {
        const auto got = right_.receive();
        ASSERT_TRUE(got);
        EXPECT_EQ(got->packet.body().at("number"), i);
    }
}

TEST_F(ChannelTest, CarriesDescriptorsAndLeavesTheSendersOpen) {
    const auto first = memfd_holding("one");
    const auto second = memfd_holding("two");
    const std::array fds{first.get(), second.get()};
    ASSERT_TRUE(left_.send(packet_of({{"type", "files"}}), fds));

    const auto got = right_.receive();
    ASSERT_TRUE(got);
    ASSERT_EQ(got->fds.size(), 2u);
    EXPECT_EQ(read_fd(got->fds[0].get(), 100), "one");
    EXPECT_EQ(read_fd(got->fds[1].get(), 100), "two");
    EXPECT_EQ(read_fd(first.get(), 100), "one");
    EXPECT_TRUE(::fcntl(got->fds[0].get(), F_GETFD) & FD_CLOEXEC);
}

TEST_F(ChannelTest, CarriesAMessageThatIsTooLongForAPacket) {
    const std::string long_text(3 * max_packet_bytes, 'x');
    const auto file = memfd_holding("beside it");
    const std::array fds{file.get()};
    ASSERT_TRUE(left_.send(packet_of({{"text", long_text}}), fds));

    const auto got = right_.receive();
    ASSERT_TRUE(got) << got.error().message;
    EXPECT_EQ(got->packet.body().at("text"), long_text);
    ASSERT_EQ(got->fds.size(), 1u) << "the descriptor that held the message must not show";
    EXPECT_EQ(read_fd(got->fds[0].get(), 100), "beside it");
}

TEST_F(ChannelTest, CarriesTheLongestMessageThatFitsAPacketAndTheOneAfterIt) {
    const std::string frame = R"({"t":""})";
    for (const std::size_t size : {max_packet_bytes, max_packet_bytes + 1}) {
        const std::string text(size - frame.size(), 'y');
        std::thread sender([&] { EXPECT_TRUE(left_.send(packet_of({{"t", text}}))); });
        const auto got = right_.receive();
        sender.join();
        ASSERT_TRUE(got) << size << ": " << got.error().message;
        EXPECT_EQ(got->packet.body().at("t"), text);
    }
}

TEST_F(ChannelTest, RefusesAMessageBeyondTheLimit) {
    const auto status = left_.send(packet_of({{"text", std::string(max_message_bytes, 'x')}}));
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, "protocol");
}

TEST_F(ChannelTest, RefusesMoreDescriptorsThanAMessageHolds) {
    const auto file = memfd_holding("x");
    const std::vector<int> fds(max_message_fds, file.get());
    const auto status = left_.send(packet_of({{"type", "files"}}), fds);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, "protocol");
}

TEST_F(ChannelTest, ReplacesBytesThatAreNoUtf8) {
    ASSERT_TRUE(left_.send(packet_of({{"text", "M\xFCller"}})));
    const auto got = right_.receive();
    ASSERT_TRUE(got);
    EXPECT_EQ(got->packet.body().at("text"), "M\xEF\xBF\xBDller");
}

TEST_F(ChannelTest, SaysClosedWhenThePeerIsGone) {
    right_.close();
    const auto received = left_.receive();
    ASSERT_FALSE(received);
    EXPECT_EQ(received.error().code, "closed");
    const auto sent = left_.send(packet_of({{"type", "late"}}));
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().code, "closed");
}

TEST_F(ChannelTest, DeliversWhatWasSentBeforeThePeerLeft) {
    expect_last_words();
}

TEST_F(ChannelTest, DeliversWhatWasSentBeforeThePeerLeftWithoutHavingReadAll) {
    ASSERT_TRUE(left_.send(packet_of({{"type", "unread"}})));
    expect_last_words();
}

TEST_F(ChannelTest, SaysWouldBlockOnANonBlockingDescriptorWithoutAMessage) {
    ASSERT_EQ(::fcntl(left_.fd(), F_SETFL, O_NONBLOCK), 0);
    const auto got = left_.receive();
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, "would_block");
}

TEST_F(ChannelTest, RefusesAPacketThatIsNoJsonObject) {
    for (const std::string_view packet : {"no json", "[1,2]", "7", "{\"cut"}) {
        ASSERT_EQ(::send(left_.fd(), packet.data(), packet.size(), 0), static_cast<ssize_t>(packet.size()));
        const auto got = right_.receive();
        ASSERT_FALSE(got) << packet;
        EXPECT_EQ(got.error().code, "protocol") << packet;
    }
}

TEST_F(ChannelTest, RefusesAPacketThatWasCutOff) {
    const std::string packet(max_packet_bytes + 1, ' ');
    ASSERT_EQ(::send(left_.fd(), packet.data(), packet.size(), 0), static_cast<ssize_t>(packet.size()));
    const auto got = right_.receive();
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, "protocol");
}

TEST_F(ChannelTest, GoesOnAfterABadPacket) {
    ASSERT_EQ(::send(left_.fd(), "rubbish", 7, 0), 7);
    ASSERT_TRUE(left_.send(packet_of({{"type", "good"}})));
    EXPECT_FALSE(right_.receive());
    const auto got = right_.receive();
    ASSERT_TRUE(got);
    EXPECT_EQ(got->packet.body().at("type"), "good");
}

TEST(Channel, MakesBothEndsCloseOnExec) {
    const auto pair = Channel::make_pair();
    ASSERT_TRUE(pair);
    EXPECT_TRUE(::fcntl(pair->first.fd(), F_GETFD) & FD_CLOEXEC);
    EXPECT_TRUE(::fcntl(pair->second.fd(), F_GETFD) & FD_CLOEXEC);
}

}  // namespace
}  // namespace hilum
