#include "results/delivery/sender.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <poll.h>

#include <array>
#include <fstream>
#include <thread>

#include "base/digest.h"
#include "contract/messages/receiving.h"
#include "contract/messages/sending.h"
#include "support/loopback.h"
#include "support/slow_proxy.h"
#include "support/temporary_folder.h"
#include "unit/results/delivery/scripted_scp.h"
#include "unit/results/delivery/test_instance.h"

namespace hilum::delivery {
namespace {

using test::ScpScript;
using test::ScriptedScp;

// The sender of destination "pacs" in a thread, and the coordinator's end of its channel.
class SenderTest : public testing::Test {
  protected:
    void start(int port, Duration timeout = std::chrono::seconds(5)) {
        DestinationSettings destination;
        destination.name = "pacs";
        destination.ae_title = "PACS";
        destination.host = "127.0.0.1";
        destination.port = port;
        destination.timeout = timeout;
        configuration_.destinations = {destination};
        auto [ours, theirs] = std::move(*Channel::make_pair());
        channel_ = std::move(ours);
        thread_ = std::thread([this, end = std::move(theirs)]() mutable {
            exit_code_ = run_sender(std::move(end), configuration_, "pacs");
        });
    }
    void TearDown() override {
        channel_.close();
        if (thread_.joinable()) thread_.join();
        EXPECT_EQ(exit_code_, 0);
    }
    DeliverReply deliver(std::int64_t number, const std::string& uid, const std::filesystem::path& file) {
        return deliver(number, uid, file, sha256_of_file(file).value());
    }
    DeliverReply deliver(std::int64_t number, const std::string& uid, const std::filesystem::path& file,
                         const std::string& sha256) {
        ask(number, uid, file, sha256);
        return receive<DeliverReply>();
    }
    void ask(std::int64_t number, const std::string& uid, const std::filesystem::path& file,
             const std::string& sha256) {
        const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
        const DeliverRequest request{number, UID_SecondaryCaptureImageStorage, uid,
                                     UID_LittleEndianExplicitTransferSyntax, sha256};
        EXPECT_TRUE(channel_.send(to_packet(request), std::array{fd.get()}));
    }

    // The next message that is no report of progress.
    template <typename T>
    T receive() {
        for (;;) {
            pollfd readable{channel_.fd(), POLLIN, 0};
            EXPECT_EQ(::poll(&readable, 1, 20'000), 1);
            const auto message = channel_.receive().value();
            if (packet_type(message) != SendingProgress::type) return from_packet<T>(message).value();
            ++progress_;
        }
    }

    test::TemporaryFolder folder_;
    Configuration configuration_;
    Channel channel_;
    std::thread thread_;
    int exit_code_ = 0;
    int progress_ = 0;  // reports of it
};

TEST_F(SenderTest, DeliversAndTellsTheStatus) {
    ScriptedScp scp;
    start(scp.port());
    const auto reply = deliver(7, "1.2.3", test::write_instance(folder_ / "a.dcm", "1.2.3"));
    EXPECT_EQ(reply.delivery, 7);
    EXPECT_EQ(reply.outcome, Outcome::delivered);
    EXPECT_EQ(reply.dimse_status, 0);
    EXPECT_EQ(scp.stores().size(), 1u);
}

TEST_F(SenderTest, TellsThatASlowDestinationMakesProgress) {
    ScriptedScp scp;
    test::SlowProxy slow(scp.port(), {.bytes_per_second = 400'000});
    start(slow.port(), std::chrono::seconds(3));
    const auto file = test::write_instance(folder_ / "a.dcm", "1.2.3", UID_SecondaryCaptureImageStorage,
                                           EXS_LittleEndianExplicit, 3'000'000);
    EXPECT_EQ(deliver(1, "1.2.3", file).outcome, Outcome::delivered);
    EXPECT_GE(progress_, 2);
    EXPECT_LE(progress_, 60) << "it is no flood";
    EXPECT_EQ(scp.stores().size(), 1u);
}

TEST_F(SenderTest, PassesOnACommitmentReportAndAnswersItOnceItIsKept) {
    ScpScript script;
    script.report = ScpScript::Report::after_response;
    ScriptedScp scp(script);
    start(scp.port());
    EXPECT_TRUE(
        channel_.send(to_packet(CommitmentRequest{"1.9", {{UID_SecondaryCaptureImageStorage, "1.2.3"}}})));
    const auto reply = receive<CommitmentReply>();
    EXPECT_TRUE(reply.accepted);
    EXPECT_FALSE(reply.no_association);
    const auto report = receive<CommitmentReport>();
    EXPECT_EQ(report.transaction_uid, "1.9");
    EXPECT_EQ(report.committed, std::vector<std::string>{"1.2.3"});
    EXPECT_EQ(report.calling_ae, "PACS");
    EXPECT_TRUE(scp.report_answers().empty());
    // A delivery that the coordinator asked for before it read the report comes first on the channel.
    const auto file = test::write_instance(folder_ / "a.dcm", "1.2.3");
    ask(4, "1.2.3", file, sha256_of_file(file).value());
    EXPECT_TRUE(channel_.send(to_packet(CommitmentReportAnswer{true, true})));
    EXPECT_EQ(receive<DeliverReply>().outcome, Outcome::delivered);
    EXPECT_EQ(scp.report_answers(), std::vector<int>{0});
}

TEST_F(SenderTest, KeepsTheAssociationWarmAndReleasesItWhenTheCoordinatorGoes) {
    ScriptedScp scp;
    start(scp.port());
    for (const auto* uid : {"1.2.1", "1.2.2"})
        EXPECT_EQ(deliver(1, uid, test::write_instance(folder_ / "a.dcm", uid)).outcome, Outcome::delivered);
    EXPECT_EQ(scp.associations(), 1);
    channel_.close();
    thread_.join();
    EXPECT_EQ(scp.releases(), 1);
}

TEST_F(SenderTest, ContinuesAfterADestinationThatWasDown) {
    const int port = test::closed_port();
    start(port);
    const auto file = test::write_instance(folder_ / "a.dcm", "1.2.3");
    const auto reply = deliver(1, "1.2.3", file);
    EXPECT_EQ(reply.outcome, Outcome::retry);
    EXPECT_TRUE(reply.no_association);
    EXPECT_EQ(reply.dimse_status, -1);
    EXPECT_FALSE(reply.message.empty());
}

TEST_F(SenderTest, TellsWhetherTheDestinationAnswersAnEcho) {
    ScriptedScp scp;
    start(scp.port());
    ASSERT_TRUE(channel_.send(to_packet(EchoRequest{})));
    EXPECT_TRUE(receive<EchoReply>().answers);
}

TEST_F(SenderTest, TellsThatARequestForCommitmentGotNoAssociation) {
    start(test::closed_port());
    ASSERT_TRUE(
        channel_.send(to_packet(CommitmentRequest{"1.9", {{UID_SecondaryCaptureImageStorage, "1.2.3"}}})));
    const auto reply = receive<CommitmentReply>();
    EXPECT_FALSE(reply.accepted);
    EXPECT_TRUE(reply.no_association);
}

TEST_F(SenderTest, TellsThatADestinationIsDown) {
    start(test::closed_port());
    ASSERT_TRUE(channel_.send(to_packet(EchoRequest{})));
    const auto reply = receive<EchoReply>();
    EXPECT_FALSE(reply.answers);
    EXPECT_NE(reply.message, "");
}

TEST_F(SenderTest, RefusesAFileThatIsNotTheInstanceAskedFor) {
    ScriptedScp scp;
    start(scp.port());
    const auto file = test::write_instance(folder_ / "a.dcm", "1.2.3");
    EXPECT_EQ(deliver(1, "1.2.4", file).outcome, Outcome::unsendable);
    // What is byte for byte what was composed, and cannot be read, is the node's trouble.
    std::filesystem::resize_file(file, 100);
    EXPECT_EQ(deliver(2, "1.2.3", file).outcome, Outcome::retry);
    EXPECT_TRUE(scp.stores().empty());
}

TEST_F(SenderTest, SendsNothingOfAFileThatIsNotWhatWasComposed) {
    ScriptedScp scp;
    start(scp.port());
    const auto file = test::write_instance(folder_ / "a.dcm", "1.2.3");
    const auto composed = sha256_of_file(file).value();
    std::fstream(file, std::ios::in | std::ios::out | std::ios::binary).seekp(-1, std::ios::end).put('x');
    EXPECT_EQ(deliver(1, "1.2.3", file, composed).outcome, Outcome::damaged);
    std::filesystem::resize_file(file, 0);
    EXPECT_EQ(deliver(2, "1.2.3", file, composed).outcome, Outcome::damaged);
    EXPECT_TRUE(scp.stores().empty());
}

TEST_F(SenderTest, PassesOnWhatTheDestinationRefuses) {
    ScpScript script;
    script.dimse_status = 0xC000;
    ScriptedScp scp(script);
    start(scp.port());
    const auto reply = deliver(1, "1.2.3", test::write_instance(folder_ / "a.dcm", "1.2.3"));
    EXPECT_EQ(reply.outcome, Outcome::refused);
    EXPECT_EQ(reply.dimse_status, 0xC000);
}

TEST(Sender, EndsWithAnErrorForADestinationThatIsNotConfigured) {
    auto [ours, theirs] = std::move(*Channel::make_pair());
    EXPECT_EQ(run_sender(std::move(theirs), Configuration{}, "nowhere"), 1);
}

}  // namespace
}  // namespace hilum::delivery
