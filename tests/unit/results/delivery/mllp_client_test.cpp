#include "results/delivery/mllp_client.h"

#include <gmock/gmock.h>
#include <poll.h>
#include <sys/socket.h>

#include <thread>

#include "support/loopback.h"
#include "support/slow_proxy.h"

namespace hilum::delivery {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const std::string message = "MSH|^~\\&|HILUM||RIS||20261125||ORU^R01|C0FFEE|P|2.5.1\rPID|1\r";

std::string acknowledgement(const std::string& code, const std::string& control_id = "C0FFEE",
                            const std::string& more = "") {
    return "MSH|^~\\&|RIS||HILUM||20261125||ACK^R01|A1|P|2.5.1\rMSA|" + code + "|" + control_id +
           "|Müller is unknown\r" + more;
}
std::string framed(const std::string& text) {
    return "\x0B" + text + "\x1C\r";
}

MllpReceiver receiver(int port = 2575, Duration timeout = std::chrono::seconds(5)) {
    return {"ris", "127.0.0.1", port, timeout};
}

// Takes one connection after the other and answers each message with the next of `answers`; an empty one
// closes.
class ScriptedReceiver {
  public:
    explicit ScriptedReceiver(std::vector<std::string> answers) : answers_(std::move(answers)) {
        std::tie(listening_, port_) = test::bind_loopback(4);
        thread_ = std::thread([this] { run(); });
    }
    ~ScriptedReceiver() {
        if (thread_.joinable()) thread_.join();
    }
    int port() const { return port_; }
    void join() { thread_.join(); }
    const std::vector<std::string>& messages() const { return messages_; }
    int connections() const { return connections_; }

  private:
    void run() {
        UniqueFd connection;
        for (const auto& answer : answers_) {
            std::string taken;
            while (taken.empty()) {
                if (!connection) {
                    connection = UniqueFd(::accept(listening_.get(), nullptr, nullptr));
                    ++connections_;
                }
                taken = read_message(connection.get());
                if (taken.empty()) connection.reset();  // the client closed it
            }
            messages_.push_back(taken);
            if (answer.empty())
                connection.reset();
            else if (::send(connection.get(), answer.data(), answer.size(), MSG_NOSIGNAL) < 0)
                return;
        }
    }
    static std::string read_message(int fd) {
        std::string text;
        char bytes[4096];
        while (!text.ends_with("\x1C\r")) {
            const auto n = ::recv(fd, bytes, sizeof bytes, 0);
            if (n <= 0) break;
            text.append(bytes, static_cast<std::size_t>(n));
        }
        return text;
    }
    std::vector<std::string> answers_, messages_;
    UniqueFd listening_;
    int port_ = 0, connections_ = 0;
    std::thread thread_;
};

TEST(MllpClient, SendsMessagesInBlocksOverOneConnection) {
    ScriptedReceiver ris({framed(acknowledgement("AA")), framed(acknowledgement("AE"))});
    MllpClient client(receiver(ris.port()));
    EXPECT_EQ(client.send(message).outcome, Outcome::delivered);
    EXPECT_EQ(client.send(message).outcome, Outcome::refused);
    ris.join();
    EXPECT_THAT(ris.messages(), ElementsAre(framed(message), framed(message)));
    EXPECT_EQ(ris.connections(), 1);
}

TEST(MllpClient, ConnectsAnewWhereTheConnectionDiedIdle) {
    ScriptedReceiver ris({framed(acknowledgement("AA")), "", framed(acknowledgement("AA"))});
    MllpClient client(receiver(ris.port()));
    EXPECT_EQ(client.send(message).outcome, Outcome::delivered);
    EXPECT_EQ(client.send(message).outcome, Outcome::retry);  // closed in the middle
    EXPECT_EQ(client.send(message).outcome, Outcome::delivered);
    EXPECT_EQ(ris.connections(), 2);
}

TEST(MllpClient, WaitsForAnAcknowledgementNoLongerThanItsTimeout) {
    auto [listening, port] = test::bind_loopback(4);
    MllpClient client(receiver(port, std::chrono::milliseconds(200)));
    const auto answer = client.send(message);
    EXPECT_EQ(answer.outcome, Outcome::retry);
    EXPECT_FALSE(answer.no_association);
    EXPECT_THAT(answer.message, HasSubstr("did not acknowledge within"));
    EXPECT_EQ(client.socket(), -1);
}

struct Framing {
    const char* name;
    std::string answer;
};
void PrintTo(const Framing& framing, std::ostream* out) {
    *out << framing.name;
}
class AReceiverWithItsOwnFraming : public testing::TestWithParam<Framing> {};

TEST_P(AReceiverWithItsOwnFraming, IsUnderstoodAndGetsTheNextMessageToo) {
    ScriptedReceiver ris({GetParam().answer, framed(acknowledgement("AA"))});
    MllpClient client(receiver(ris.port()));
    const auto answer = client.send(message);
    EXPECT_EQ(answer.outcome, Outcome::delivered) << answer.message;
    EXPECT_EQ(client.send(message).outcome, Outcome::delivered);
    ris.join();
    EXPECT_EQ(ris.messages().size(), 2u);
}

INSTANTIATE_TEST_SUITE_P(
    Framing, AReceiverWithItsOwnFraming,
    testing::Values(Framing{"NoReturnAfterTheEnd", "\x0B" + acknowledgement("AA") + "\x1C"},
                    Framing{"NewLineAfterTheEnd", "\x0B" + acknowledgement("AA") + "\x1C\n"},
                    Framing{"NoBeginning", acknowledgement("AA") + "\x1C\r"},
                    Framing{"NoEnd", "\x0B" + acknowledgement("AA")},
                    Framing{"NoFraming", acknowledgement("AA")},
                    Framing{"NoFramingAndNoLastReturn", "MSH|^~\\&|RIS\rMSA|AA|C0FFEE"},
                    Framing{"ByteOrderMarkBefore", "\xEF\xBB\xBF\x0B" + acknowledgement("AA") + "\x1C\r"},
                    Framing{"ByteOrderMarkWithin", "\x0B\xEF\xBB\xBF" + acknowledgement("AA") + "\x1C\r"},
                    Framing{"LeadingReturns", "\r\n\x0B\r" + acknowledgement("AA") + "\x1C\r\r\n"}),
    [](const auto& each) { return each.param.name; });

TEST(MllpClient, UnderstandsAnAnswerThatEndsWithTheConnection) {
    ScriptedReceiver ris({acknowledgement("AA")});
    EXPECT_EQ(MllpClient(receiver(ris.port())).send(message).outcome, Outcome::delivered);
}

TEST(MllpClient, TellsWhatCameWhereItIsNoAnswer) {
    ScriptedReceiver endless({std::string(100'000, 'x')}), ssh({"SSH-2.0-OpenSSH\r\n"});
    EXPECT_THAT(MllpClient(receiver(endless.port())).send(message).message, HasSubstr("without an end"));
    EXPECT_THAT(MllpClient(receiver(ssh.port(), std::chrono::milliseconds(300))).send(message).message,
                HasSubstr("no acknowledgement: 17 bytes that begin with 53 53 48 2D 32 2E 30 2D"));
}

TEST(MllpClient, ASlowLineIsNoSilence) {
    ScriptedReceiver ris({framed(acknowledgement("AA"))});
    test::SlowProxy slow(ris.port(), {.bytes_per_second = 200'000});
    int progress = 0;
    MllpClient client(receiver(slow.port(), std::chrono::seconds(1)), [&] { ++progress; });
    const auto before = std::chrono::steady_clock::now();
    const auto answer = client.send(message + "OBX|1|ED|||" + std::string(700'000, 'x') + "\r");
    EXPECT_EQ(answer.outcome, Outcome::delivered) << answer.message;
    EXPECT_GT(std::chrono::steady_clock::now() - before, std::chrono::seconds(2)) << "else it was not slow";
    EXPECT_GT(progress, 3);
}

TEST(MllpClient, AReceiverThatReadsNothingMoreEndsAfterTheTimeout) {
    ScriptedReceiver ris({""});
    test::SlowProxy stalled(ris.port(), {.bytes = 1000});
    MllpClient client(receiver(stalled.port(), std::chrono::milliseconds(500)));
    const auto answer = client.send(message + std::string(8'000'000, 'x'));
    EXPECT_EQ(answer.outcome, Outcome::retry);
    EXPECT_THAT(answer.message, HasSubstr("took nothing more of the message for"));
}

TEST(MllpClient, TellsThatNobodyListens) {
    MllpClient client(receiver(test::closed_port()));
    const auto answer = client.send(message);
    EXPECT_EQ(answer.outcome, Outcome::retry);
    EXPECT_TRUE(answer.no_association);
    EXPECT_THAT(answer.message, HasSubstr("ris at 127.0.0.1"));
    EXPECT_EQ(client.connect().outcome, Outcome::retry);
}

TEST(MllpClient, SendsNothingThatIsNoMessage) {
    MllpClient client(receiver(test::closed_port()));
    EXPECT_EQ(client.send("").outcome, Outcome::unsendable);
    EXPECT_EQ(client.send("PID|1\r").outcome, Outcome::unsendable);
}

}  // namespace
}  // namespace hilum::delivery
