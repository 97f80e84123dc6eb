// Sends HL7 version 2 messages over MLLP (HL7 "Transport Specification: MLLP, Release 1"), one after the
// other on a connection that stays open, and reads their acknowledgements. Used by the sender process and
// `hilum echo`. Single-threaded.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/unique_fd.h"
#include "results/delivery/answer.h"
#include "results/delivery/connection_watch.h"
#include "results/delivery/tls_client.h"

namespace hilum::delivery {

struct MllpReceiver {
    std::string name;  // of the destination, for messages
    std::string host;  // name or address, IPv4 or IPv6
    int port = 2575;
    Duration timeout = std::chrono::seconds(30);  // to connect, and without progress for each message
    std::shared_ptr<TlsClient> tls = {};          // nullptr: plain

    std::string text() const;  // "ris at 10.1.0.6:2575"
};

class MllpClient {
  public:
    // Of an acknowledgement without an end: nothing more came for so long, so it is all that comes.
    static constexpr std::chrono::milliseconds quiet{500};

    // `on_progress`: see ConnectionWatch.
    explicit MllpClient(MllpReceiver receiver, std::function<void()> on_progress = {})
        : receiver_(std::move(receiver)), watch_(std::move(on_progress)), wire_(watch_) {}

    MllpClient(const MllpClient&) = delete;
    MllpClient& operator=(const MllpClient&) = delete;

    // Unsendable where the text is no message. A connection that died while it was idle costs no attempt.
    Answer send(const std::string& message);
    // Whether the receiver takes a connection. Delivered: it does.
    Answer connect();

    // -1: no connection. When it becomes readable on an idle one: call hear().
    int socket() const { return connection_.get(); }
    // What the receiver says unasked: nothing that matters (a late end of line), or the end.
    void hear();
    void close();

  private:
    using Clock = std::chrono::steady_clock;
    struct Reply {
        std::string text;
        bool ended = false;  // with the mark of the block's end
    };

    std::optional<Answer> open();  // what prevents it
    Answer exchange(const std::string& message, const std::string& control_id);
    Result<Reply> read_reply();
    bool has_arrived(Clock::time_point until);  // bytes, or the end
    bool wait();                                // for the same, within what the watch allows
    bool send_all(const std::string& block);
    ssize_t receive(char* bytes, std::size_t size);
    Status read_more(std::string& received);

    MllpReceiver receiver_;
    ConnectionWatch watch_;
    WatchedTlsWire wire_;
    UniqueFd connection_;
    std::optional<TlsStream> tls_;  // over the connection
};

}  // namespace hilum::delivery
