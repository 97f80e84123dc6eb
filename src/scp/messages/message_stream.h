// The messages of an accepted association (PS3.8 annex E), command sets and data sets, from PDV to PDV. What
// is odd in a message is told, and the stream followed to the message's end; only a PDU that cannot be read
// stops it. Ours, since DCMTK's DIMSE functions give up the association at the first oddity.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "scp/messages/command_set.h"
#include "scp/messages/pdu_framing.h"

struct T_ASC_Association;

namespace hilum::scp {

using PresentationContextId = std::uint8_t;

struct ReceivedCommand {
    PresentationContextId context = 0;
    CommandSet set;  // `problem` also tells what is odd about its PDVs
};

// How a data set came.
enum class DataSetEnd {
    whole,
    odd,      // a PDV of it has an odd length (PS3.8 9.3.1 and annex E want even ones) or another context
    missing,  // another command came in its place
    broken,   // the stream stopped before its end
};

// Why no more messages come.
enum class StreamStop {
    none,
    interrupted,  // nothing came: the watch says why
    release,      // an A-RELEASE-RQ, to be answered
    closed,       // an A-ABORT, or the connection was lost
    unreadable,   // a PDU that cannot be read, or came too late: the watch and the framing say which
};

class MessageStream {
  public:
    // Both must outlive the stream; `framing` follows what the association reads.
    MessageStream(T_ASC_Association& association, const PduFraming& framing)
        : association_(association), framing_(framing) {}

    // Waits for the next command. A data set that no command announced is read away. None: stop() says why.
    std::optional<ReceivedCommand> next_command();

    // Waits for the data set that belongs to a command in `context` and passes its bytes on, also those of
    // an odd one; reads it to its end whatever it is.
    using Sink = std::function<void(std::span<const std::byte>)>;
    DataSetEnd read_data_set(PresentationContextId context, const Sink& sink);

    // Sends a command set; false when the connection is lost.
    bool send_command(PresentationContextId context, std::string command_set);

    StreamStop stop() const { return stop_; }
    bool within_message() const { return within_message_; }  // when it stopped

  private:
    struct Pdv {
        PresentationContextId context = 0;
        bool is_command = false, is_last = false;
        std::span<const std::byte> bytes;  // until the next is asked for
    };
    // The next PDV, which stays the next until take().
    const Pdv* peek();
    void take() { pdv_.reset(); }
    bool read_pdu();

    T_ASC_Association& association_;
    const PduFraming& framing_;
    std::span<const std::byte> pdvs_;  // of the last PDU, those that are still to come
    std::optional<Pdv> pdv_;
    StreamStop stop_ = StreamStop::none;
    bool within_message_ = false;
};

}  // namespace hilum::scp
