#include "dicom/transport_connection.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>
#include <string>

#include "base/unique_fd.h"

namespace hilum {
namespace {

// As TLS has it: bytes may be in hand that the socket has no more.
class FakeInner : public DcmTransportConnection {
  public:
    FakeInner(DcmNativeSocketType socket, bool secure, bool& gone)
        : DcmTransportConnection(socket), secure_(secure), gone_(gone) {}
    ~FakeInner() override { gone_ = true; }
    ssize_t read(void* buffer, size_t size) override {
        errno = ECONNRESET;
        return size < 2 ? -1 : static_cast<ssize_t>(std::string("ab").copy(static_cast<char*>(buffer), 2));
    }
    ssize_t write(void*, size_t size) override { return static_cast<ssize_t>(size / 2); }
    OFBool networkDataAvailable(int) override { return OFTrue; }
    OFCondition serverSideHandshake() override { return EC_IllegalParameter; }
    OFCondition clientSideHandshake() override { return EC_Normal; }
    OFCondition renegotiate(const char*) override { return EC_Normal; }
    void close() override {}
    void closeTransportConnection() override {}
    unsigned long getPeerCertificateLength() override { return 7; }
    unsigned long getPeerCertificate(void*, unsigned long) override { return 8; }
    OFBool isTransparentConnection() override { return !secure_; }
    OFString& dumpConnectionParameters(OFString& text) override { return text = "parameters"; }

  private:
    bool secure_;
    bool& gone_;
};

class Opened : public TransportConnection {
  public:
    using TransportConnection::failed;
    using TransportConnection::has_decrypted;
    using TransportConnection::TransportConnection;
};

class TransportConnectionTest : public testing::Test {
  protected:
    std::unique_ptr<Opened> over(bool secure) {
        return std::make_unique<Opened>(socket_.get(),
                                        std::make_unique<FakeInner>(socket_.get(), secure, gone_));
    }
    UniqueFd socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    bool gone_ = false;
};

TEST_F(TransportConnectionTest, HandsEverythingOn) {
    const auto connection = over(true);
    char bytes[8];
    EXPECT_EQ(connection->read(bytes, sizeof bytes), 2);
    EXPECT_EQ(connection->write(bytes, 8), 4);
    EXPECT_TRUE(connection->serverSideHandshake().bad());
    EXPECT_TRUE(connection->clientSideHandshake().good());
    EXPECT_EQ(connection->getPeerCertificateLength(), 7u);
    EXPECT_EQ(connection->getPeerCertificate(bytes, 8), 8u);
    OFString text;
    EXPECT_EQ(connection->dumpConnectionParameters(text), "parameters");
}

TEST_F(TransportConnectionTest, KeepsTheErrorOfARead) {
    const auto connection = over(false);
    char byte = 0;
    EXPECT_EQ(connection->read(&byte, 1), -1);
    EXPECT_EQ(errno, ECONNRESET) << "though the socket is none that can acknowledge";
    EXPECT_EQ(Opened::failed(ETIMEDOUT), -1);
    EXPECT_EQ(errno, ETIMEDOUT);
}

TEST_F(TransportConnectionTest, AsksForBytesInHandOfASecureConnectionAlone) {
    EXPECT_TRUE(over(true)->has_decrypted());
    EXPECT_FALSE(over(false)->has_decrypted());
}

TEST_F(TransportConnectionTest, SendsSmallSegmentsAtOnceAndOwnsWhatItDecorates) {
    auto connection = over(false);
    int on = 0;
    socklen_t size = sizeof on;
    ASSERT_EQ(::getsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, &size), 0);
    EXPECT_NE(on, 0);
    connection.reset();
    EXPECT_TRUE(gone_);
}

}  // namespace
}  // namespace hilum
