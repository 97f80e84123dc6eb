#include "scp/admission/request_glance.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include "support/loopback.h"

namespace hilum::scp {
namespace {

class RequestGlanceTest : public testing::Test {
  protected:
    RequestGlanceTest() {
        const auto [listening, port] = test::bind_loopback(1);
        peer_ = test::connect_loopback(port);
        connection_ = UniqueFd(::accept(listening.get(), nullptr, nullptr));
    }
    void send(const std::string& bytes) {
        ASSERT_EQ(::send(peer_.get(), bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
    }
    bool readable(int milliseconds) {
        pollfd fd{connection_.get(), POLLIN, 0};
        return ::poll(&fd, 1, milliseconds) == 1;
    }
    Glance glance(Opening opening = Opening::associate_request) {
        return glance_at(connection_.get(), opening, false);
    }

    UniqueFd peer_, connection_;
};

TEST_F(RequestGlanceTest, DrippingBytesWakeNobodyUntilTheRequestIsWhole) {
    send("\x01");
    ASSERT_TRUE(readable(5'000));
    EXPECT_EQ(glance(), Glance::silent);
    EXPECT_FALSE(readable(0));
    send(std::string("\0\0\0\0", 4));
    EXPECT_FALSE(readable(50)) << "the length is not there yet";
    send("\x64");
    ASSERT_TRUE(readable(5'000));
    EXPECT_EQ(glance(), Glance::silent);
    for (int i = 0; i < 99; ++i) send("x");
    EXPECT_FALSE(readable(50));
    send("x");
    ASSERT_TRUE(readable(5'000));
    EXPECT_EQ(glance(), Glance::asking);
    stop_glancing(connection_.get());
    char byte;
    ASSERT_EQ(::recv(connection_.get(), &byte, 1, 0), 1);
    EXPECT_EQ(byte, 1) << "nothing was taken";
    EXPECT_TRUE(readable(0));
}

TEST_F(RequestGlanceTest, ALongRequestAsksWithItsFirst4KiB) {
    send(std::string("\x01\0\0\x0f\xff\xff", 6) + std::string(4089, 'x'));
    ASSERT_TRUE(readable(5'000));
    EXPECT_EQ(glance(), Glance::silent);
    send("x");
    ASSERT_TRUE(readable(5'000));
    EXPECT_EQ(glance(), Glance::asking);
}

TEST_F(RequestGlanceTest, OneThatIsTooLongIsAnsweredAtOnce) {
    send(std::string("\x01\0\x7f\xff\xff\xff", 6));
    ASSERT_TRUE(readable(5'000));
    EXPECT_EQ(glance(), Glance::asking);
}

TEST_F(RequestGlanceTest, AnythingElseIsForeignOnceItIsAsLongAsAHead) {
    send("G");
    ASSERT_TRUE(readable(5'000));
    EXPECT_EQ(glance(), Glance::silent);
    send("ET /");
    EXPECT_FALSE(readable(50)) << "whoever reads it would wait for its sixth byte";
    send(" ");
    ASSERT_TRUE(readable(5'000));
    EXPECT_EQ(glance(), Glance::foreign);
}

TEST_F(RequestGlanceTest, OverTlsAForeignByteAsksForNothingEither) {
    send("GET ");
    ASSERT_TRUE(readable(5'000));
    EXPECT_EQ(glance(Opening::client_hello), Glance::silent);
    send("/");
    ASSERT_TRUE(readable(5'000));
    EXPECT_EQ(glance(Opening::client_hello), Glance::foreign);
}

TEST_F(RequestGlanceTest, OverTlsTheFirstRecordAsks) {
    send(std::string("\x16\x03\x01\x01", 4));
    ASSERT_TRUE(readable(5'000));
    EXPECT_EQ(glance(Opening::client_hello), Glance::silent);
    send(std::string("\x02", 1) + std::string(257, 'x'));
    ASSERT_TRUE(readable(5'000)) << "the length is there";
    EXPECT_EQ(glance(), Glance::foreign) << "on the plain port";
    EXPECT_EQ(glance(Opening::client_hello), Glance::silent);
    EXPECT_FALSE(readable(50)) << "a byte is missing";
    send("x");
    ASSERT_TRUE(readable(5'000));
    EXPECT_EQ(glance(Opening::client_hello), Glance::asking);
}

TEST_F(RequestGlanceTest, APlainRequestIsForeignToTls) {
    send(
        std::string("\x01\0\0\0\0\x04"
                    "abcd",
                    10));
    ASSERT_TRUE(readable(5'000));
    EXPECT_EQ(glance(Opening::client_hello), Glance::foreign);
}

TEST_F(RequestGlanceTest, ThePeerThatGoesWithinItsRequestIsGone) {
    send(std::string("\x01\0\0\0", 4));
    ::shutdown(peer_.get(), SHUT_WR);
    ASSERT_TRUE(readable(5'000));
    EXPECT_EQ(glance_at(connection_.get(), Opening::associate_request, true), Glance::closed);
}

}  // namespace
}  // namespace hilum::scp
