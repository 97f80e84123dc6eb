// Sends HL7 version 2 messages over MLLP (HL7 "Transport Specification: MLLP, Release 1"), one after the
// other on a connection that stays open, and reads their acknowledgements in original mode
// (HL7 2.5.1, 2.9.2). Used by the sender process. Single-threaded.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/unique_fd.h"
#include "results/delivery/answer.h"

namespace hilum::delivery {

struct MllpReceiver {
    std::string name;  // of the destination, for messages
    std::string host;
    int port = 2575;
    Duration timeout = std::chrono::seconds(30);  // to connect, and for each acknowledgement

    std::string text() const;  // "ris at 10.1.0.6:2575"
};

// MSH-10 of a message; nothing where the text is none.
std::optional<std::string> message_control_id(const std::string& message);

// What an acknowledgement says of the message with that control id (HL7 2.5.1, table 0008): AA and CA are
// delivered, AE and CE blame the message, AR and CR the receiver's state or configuration, for which the
// message is sent again. Its texts are not told, for they may quote the patient; error codes (ERR-3) are.
Answer answer_for_acknowledgement(const std::string& acknowledgement, const std::string& control_id,
                                  const MllpReceiver& receiver);

class MllpClient {
  public:
    explicit MllpClient(MllpReceiver receiver) : receiver_(std::move(receiver)) {}

    // Unsendable where the text is no message. A connection that died while it was idle costs no attempt.
    Answer send(const std::string& message);
    // Whether the receiver takes a connection. Delivered: it does.
    Answer connect();

    int socket() const { return connection_.get(); }  // -1: none; when it becomes readable: call close()
    void close();

  private:
    using Deadline = std::chrono::steady_clock::time_point;

    std::optional<Answer> open();  // what prevents it
    Answer exchange(const std::string& message, const std::string& control_id);
    std::optional<std::string> write(const std::string& bytes, Deadline deadline);  // what went wrong
    Result<std::string> read_frame(Deadline deadline);

    MllpReceiver receiver_;
    UniqueFd connection_;
};

}  // namespace hilum::delivery
