#include "results/delivery/mllp_client.h"

#include <gmock/gmock.h>
#include <poll.h>
#include <sys/socket.h>

#include <thread>

#include "support/loopback.h"

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
            if (!connection) {
                connection = UniqueFd(::accept(listening_.get(), nullptr, nullptr));
                ++connections_;
            }
            messages_.push_back(read_message(connection.get()));
            if (answer.empty())
                connection.reset();
            else if (::send(connection.get(), answer.data(), answer.size(), MSG_NOSIGNAL) < 0)
                return;
        }
    }
    static std::string read_message(int fd) {
        std::string text;
        char byte = 0;
        while (text.find("\x1C\r") == std::string::npos && ::recv(fd, &byte, 1, 0) == 1) text += byte;
        return text;
    }
    std::vector<std::string> answers_, messages_;
    UniqueFd listening_;
    int port_ = 0, connections_ = 0;
    std::thread thread_;
};

TEST(MllpAcknowledgement, SaysWhatBecomesOfTheMessage) {
    const auto outcome = [](const std::string& code) {
        return answer_for_acknowledgement(acknowledgement(code), "C0FFEE", receiver()).outcome;
    };
    EXPECT_EQ(outcome("AA"), Outcome::delivered);
    EXPECT_EQ(outcome("CA"), Outcome::delivered);
    EXPECT_EQ(outcome("AE"), Outcome::refused);
    EXPECT_EQ(outcome("CE"), Outcome::refused);
    EXPECT_EQ(outcome("AR"), Outcome::retry);
    EXPECT_EQ(outcome("CR"), Outcome::retry);
    EXPECT_EQ(outcome("XX"), Outcome::retry);
}

TEST(MllpAcknowledgement, CountsForItsOwnMessageOnly) {
    EXPECT_EQ(answer_for_acknowledgement(acknowledgement("AA", "OTHER"), "C0FFEE", receiver()).outcome,
              Outcome::retry);
    EXPECT_EQ(answer_for_acknowledgement("hello", "C0FFEE", receiver()).outcome, Outcome::retry);
    EXPECT_EQ(answer_for_acknowledgement("", "C0FFEE", receiver()).outcome, Outcome::retry);
}

TEST(MllpAcknowledgement, TellsErrorCodesAndNoTextThatMayQuoteThePatient) {
    const auto answer = answer_for_acknowledgement(
        acknowledgement("AE", "C0FFEE", "ERR||PID^1^3|204^Unknown key|E\rERR|||Müller, Ann|E\r"), "C0FFEE",
        receiver());
    EXPECT_THAT(answer.message, HasSubstr("ERR-3: 204"));
    EXPECT_THAT(answer.message, Not(HasSubstr("ller")));
}

TEST(MllpAcknowledgement, MayUseOtherDelimiters) {
    EXPECT_EQ(answer_for_acknowledgement("MSH#^~\\&#RIS\rMSA#AA#C0FFEE\r", "C0FFEE", receiver()).outcome,
              Outcome::delivered);
}

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

TEST(MllpClient, BelievesNoAnswerThatIsNotInABlockOrHasNoEnd) {
    ScriptedReceiver bare({acknowledgement("AA") + "\x1C\r"}), endless({std::string(100'000, 'x')});
    EXPECT_THAT(MllpClient(receiver(bare.port())).send(message).message, HasSubstr("not in MLLP"));
    EXPECT_THAT(MllpClient(receiver(endless.port())).send(message).message, HasSubstr("without an end"));
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
