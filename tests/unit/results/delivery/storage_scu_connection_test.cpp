// What becomes of the connection to a destination: slow lines, peers that end an association, peers of other
// kinds.
#include <gmock/gmock.h>

#include <atomic>
#include <chrono>

#include "results/delivery/storage_scu.h"
#include "support/loopback.h"
#include "support/slow_proxy.h"
#include "support/temporary_folder.h"
#include "unit/results/delivery/raw_scp.h"
#include "unit/results/delivery/scripted_scp.h"
#include "unit/results/delivery/test_instance.h"

namespace hilum::delivery {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::RawScp;
using test::ScriptedScp;
using test::SlowProxy;
using testing::HasSubstr;
using Clock = std::chrono::steady_clock;

class StorageScuConnectionTest : public testing::Test {
  protected:
    RemoteNode node(int port, Duration timeout = seconds(10), const std::string& host = "127.0.0.1") {
        return {"HILUM", "PACS", host, port, timeout};
    }
    SopInstance instance(const std::string& uid, std::size_t pixel_bytes = 4096) {
        const auto file =
            test::write_instance(folder_ / (uid + ".dcm"), uid, UID_SecondaryCaptureImageStorage,
                                 EXS_LittleEndianExplicit, pixel_bytes);
        return std::move(*SopInstance::load(file));
    }
    static bool await_readable(const StorageScu& scu) {
        pollfd readable{scu.socket(), POLLIN, 0};
        return ::poll(&readable, 1, 10'000) == 1;
    }
    test::TemporaryFolder folder_;
};

TEST_F(StorageScuConnectionTest, ASlowLineIsNoSilence) {
    ScriptedScp scp;
    SlowProxy slow(scp.port(), {.bytes_per_second = 400'000});
    std::atomic<int> progress = 0;
    StorageScu scu(node(slow.port(), seconds(3)), [&] { ++progress; });
    const auto before = Clock::now();
    const auto answer = scu.store(instance("1.2.3", 3'000'000));
    EXPECT_EQ(answer.outcome, Outcome::delivered) << answer.message;
    EXPECT_GT(Clock::now() - before, seconds(5)) << "else the line was not slow";
    EXPECT_EQ(scp.stores().size(), 1u);
    EXPECT_EQ(slow.connections(), 1);
    EXPECT_GT(progress, 5);
}

TEST_F(StorageScuConnectionTest, APeerThatReadsNothingMoreEndsAfterTheTimeout) {
    ScriptedScp scp;
    SlowProxy stalled(scp.port(), {.bytes = 100'000});
    StorageScu scu(node(stalled.port(), seconds(1)));
    const auto before = Clock::now();
    const auto answer = scu.store(instance("1.2.3", 8'000'000));
    EXPECT_LT(Clock::now() - before, seconds(8));
    EXPECT_EQ(answer.outcome, Outcome::retry);
    EXPECT_THAT(answer.message, HasSubstr("took nothing more of the C-STORE for 1s"));
}

TEST_F(StorageScuConnectionTest, AnswersThePeersReleaseOfAnIdleAssociation) {
    int answered = 0;
    RawScp scp([&](const RawScp::Accept& accept) {
        auto connection = accept();
        connection.accept_association();
        connection.receive_request();
        connection.answer();
        connection.send_pdu(test::release_rq);
        answered = connection.receive_type();
    });
    StorageScu scu(node(scp.port()));
    EXPECT_EQ(scu.store(instance("1.2.1")).outcome, Outcome::delivered);
    ASSERT_TRUE(await_readable(scu));
    scu.release();
    scp.join();
    EXPECT_EQ(answered, test::release_rp);
}

TEST_F(StorageScuConnectionTest, OpensAnewWhereThePeerReleasesInsteadOfAnswering) {
    int answered = 0;
    RawScp scp([&](const RawScp::Accept& accept) {
        {
            auto first = accept();
            first.accept_association();
            first.receive_request();
            first.answer();
            first.receive_request();
            first.send_pdu(test::release_rq);
            answered = first.receive_type();
        }
        auto second = accept();
        second.accept_association();
        second.receive_request();
        second.answer();
        second.receive_type();
    });
    {
        StorageScu scu(node(scp.port()));
        EXPECT_EQ(scu.store(instance("1.2.1")).outcome, Outcome::delivered);
        EXPECT_EQ(scu.store(instance("1.2.2")).outcome, Outcome::delivered);
    }
    scp.join();
    EXPECT_EQ(answered, test::release_rp);
}

TEST_F(StorageScuConnectionTest, ASilentPeerIsNotSentTheSameAgainAtOnce) {
    RawScp scp([&](const RawScp::Accept& accept) {
        auto connection = accept();
        connection.accept_association();
        connection.receive_request();
        connection.answer();
        connection.receive_request();
        while (connection.receive_type() > 0) {
        }
    });
    StorageScu scu(node(scp.port(), seconds(1)));
    EXPECT_EQ(scu.store(instance("1.2.1")).outcome, Outcome::delivered);
    const auto answer = scu.store(instance("1.2.2"));
    EXPECT_EQ(answer.outcome, Outcome::retry);
    EXPECT_FALSE(answer.no_association);
    EXPECT_THAT(answer.message, HasSubstr("did not answer the C-STORE within 1s"));
}

TEST_F(StorageScuConnectionTest, AnswersTheReleaseThatCrossedItsOwn) {
    int asked = 0, answered = 0;
    RawScp scp([&](const RawScp::Accept& accept) {
        auto connection = accept();
        connection.accept_association();
        connection.receive_request();
        connection.answer();
        asked = connection.receive_type();
        connection.send_pdu(test::release_rq);
        answered = connection.receive_type();
        connection.send_pdu(test::release_rp);
    });
    StorageScu scu(node(scp.port()));
    EXPECT_EQ(scu.store(instance("1.2.1")).outcome, Outcome::delivered);
    scu.release();
    scp.join();
    EXPECT_EQ(asked, test::release_rq);
    EXPECT_EQ(answered, test::release_rp);
}

TEST_F(StorageScuConnectionTest, AnAbortOfAnIdleAssociationIsNoFailure) {
    int heard = 0;
    RawScp scp([&](const RawScp::Accept& accept) {
        {
            auto first = accept();
            first.accept_association();
            first.receive_request();
            first.answer();
            first.send_pdu(test::a_abort);
            heard = first.receive_type();
        }
        auto second = accept();
        second.accept_association();
        second.receive_request();
        second.answer();
        second.receive_type();
    });
    {
        StorageScu scu(node(scp.port()));
        EXPECT_EQ(scu.store(instance("1.2.1")).outcome, Outcome::delivered);
        ASSERT_TRUE(await_readable(scu));
        EXPECT_EQ(scu.store(instance("1.2.2")).outcome, Outcome::delivered);
    }
    scp.join();
    EXPECT_EQ(heard, -1) << "to an abort there is no answer";
}

TEST_F(StorageScuConnectionTest, NamesTheStepAtWhichAPeerHangs) {
    RawScp scp([&](const RawScp::Accept& accept) {
        auto connection = accept();
        connection.accept_association();
        while (connection.receive_type() == 4) {
        }
    });
    const auto answer = StorageScu(node(scp.port(), milliseconds(300))).echo();
    EXPECT_EQ(answer.outcome, Outcome::retry);
    EXPECT_THAT(answer.message, HasSubstr("did not answer the C-ECHO within 300ms"));
}

TEST_F(StorageScuConnectionTest, APeerThatHangsAtTheReleaseHoldsUpNobodyForLong) {
    RawScp scp([&](const RawScp::Accept& accept) {
        auto connection = accept();
        connection.accept_association();
        connection.receive_request();
        connection.answer();
        while (connection.receive_type() > 0) {
        }
    });
    StorageScu scu(node(scp.port(), seconds(30)));
    EXPECT_EQ(scu.store(instance("1.2.1")).outcome, Outcome::delivered);
    const auto before = Clock::now();
    scu.release();
    EXPECT_LT(Clock::now() - before, seconds(10));
}

struct OtherProtocol {
    const char* says;
    const char* words;
};
void PrintTo(const OtherProtocol& protocol, std::ostream* out) {
    *out << protocol.words;
}
class APeerThatIsNoDicomNode : public StorageScuConnectionTest,
                               public testing::WithParamInterface<OtherProtocol> {};

TEST_P(APeerThatIsNoDicomNode, IsSaidToBeNone) {
    RawScp peer([&](const RawScp::Accept& accept) {
        auto connection = accept();
        connection.receive();
        if (!connection.send(GetParam().says) || *GetParam().says == '\0') return;  // it closes
        connection.receive();
    });
    const auto answer = StorageScu(node(peer.port())).echo();
    EXPECT_EQ(answer.outcome, Outcome::retry);
    EXPECT_TRUE(answer.no_association);
    EXPECT_THAT(answer.message, HasSubstr(GetParam().words));
}

INSTANTIATE_TEST_SUITE_P(
    Peer, APeerThatIsNoDicomNode,
    testing::Values(OtherProtocol{"HTTP/1.1 400 Bad Request\r\n\r\n",
                                  "is no DICOM node (it is a web server)"},
                    OtherProtocol{"SSH-2.0-OpenSSH_9.2p1\r\n", "is no DICOM node (it is an SSH server)"},
                    OtherProtocol{"\x15\x03\x01\x01\x02\x02\x16", "is no DICOM node (it wants TLS)"},
                    OtherProtocol{"220 mail.example.org ESMTP\r\n",
                                  "is no DICOM node (it says '220 mail.example.org ESMTP')"},
                    OtherProtocol{"", "check that a DICOM node listens at this port"}));

TEST_F(StorageScuConnectionTest, TakesIpv6Addresses) {
    ScriptedScp scp;
    std::unique_ptr<SlowProxy> ipv6;
    try {
        ipv6 = std::make_unique<SlowProxy>(scp.port(), SlowProxy::Line{.family = AF_INET6});
    } catch (const std::runtime_error& error) {
        GTEST_SKIP() << "there is no IPv6 on the loopback: " << error.what();
    }
    for (const auto* host : {"::1", "[::1]"}) {
        StorageScu scu(node(ipv6->port(), seconds(10), host));
        const auto answer = scu.store(instance("1.2.3"));
        EXPECT_EQ(answer.outcome, Outcome::delivered) << answer.message;
        EXPECT_THAT(answer.message, HasSubstr("PACS at [::1]:"));
    }
}

}  // namespace
}  // namespace hilum::delivery
