// Serves the messages of an accepted association one after another: C-ECHO, C-STORE, and the N-EVENT-REPORT
// of storage commitment. Whatever else comes is answered, too, and does not cost the association.
#pragma once

#include "scp/messages/message_stream.h"
#include "scp/presentation_contexts.h"
#include "scp/store_request_handler.h"

namespace hilum::scp {

class MessageService {
  public:
    enum class Outcome {
        served,
        stopped,     // the stream's stop() says why
        no_command,  // a command set without a Command Field cannot be answered
        lost,        // the answer could not be sent
    };

    // All must outlive the service.
    MessageService(MessageStream& stream, const Negotiation& negotiation, StoreRequestHandler& store,
                   CommitClient& coordinator, const Caller& caller)
        : stream_(stream),
          negotiation_(negotiation),
          store_(store),
          coordinator_(coordinator),
          caller_(caller) {}

    Outcome serve_next();

    int stored() const { return stored_; }  // objects
    int refused() const { return refused_; }
    bool lacked_room() const { return lacked_room_; }          // for an object, on the disk
    bool had_bad_command() const { return had_bad_command_; }  // that could not be served

  private:
    Outcome store(const ReceivedCommand& command);
    Outcome take_event(const ReceivedCommand& command);
    Outcome refuse(const ReceivedCommand& command);
    Outcome answer(const ReceivedCommand& command, std::uint16_t status, std::string_view comment = {});
    void tell_bad_command(const ReceivedCommand& command, const std::string& why);

    MessageStream& stream_;
    const Negotiation& negotiation_;
    StoreRequestHandler& store_;
    CommitClient& coordinator_;
    const Caller& caller_;
    int stored_ = 0, refused_ = 0;
    bool lacked_room_ = false, had_bad_command_ = false;
};

}  // namespace hilum::scp
