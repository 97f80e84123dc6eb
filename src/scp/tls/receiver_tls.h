// TLS of one receiver's connection: the handshake under the receiver's watch, and who called.
#pragma once

#include <memory>
#include <optional>

#include "base/tls/tls_stream.h"
#include "scp/receive_watch.h"

namespace hilum::scp {

// The socket of a receiver under its watch. Sending is bounded by the socket's own time limit.
class WatchedWire : public TlsWire {
  public:
    explicit WatchedWire(ReceiveWatch& watch) : watch_(watch) {}
    void use(int socket) { socket_ = socket; }
    bool has_received() const { return received_; }  // any byte
    ssize_t receive(void* buffer, std::size_t size, bool wait) override;
    bool send(const void* bytes, std::size_t size) override;

  private:
    ReceiveWatch& watch_;
    int socket_ = -1;
    bool received_ = false;
};

// What a receiver knows of TLS on its connection.
class ReceiverTls {
  public:
    // nullptr: the connection is plain.
    ReceiverTls(const TlsContext* context, ReceiveWatch& watch)
        : context_(context), watch_(watch), wire_(watch) {}

    bool wanted() const { return context_ != nullptr; }
    bool has_received() const { return wire_.has_received(); }
    // Within what the watch allows. The errors are those of TlsStream::handshake(). The stream uses this
    // object.
    Result<TlsStream> shake_hands(int socket);

    // After a handshake that failed: lets the peer read why, for as long as the watch allows. What it sends
    // is thrown away: closed before that is read, the connection would be reset, and our alert lost.
    void see_off();

    // Of the caller, verified; nullptr: it showed none.
    const PeerCertificate* certificate() const { return certificate_ ? &*certificate_ : nullptr; }
    std::string subject() const { return certificate_ ? certificate_->subject : std::string(); }

  private:
    const TlsContext* context_;
    ReceiveWatch& watch_;
    int socket_ = -1;
    WatchedWire wire_;
    std::optional<PeerCertificate> certificate_;
};

// What came to the plain port begins as TLS does (RFC 8446, 5.1).
bool begins_as_tls(std::uint8_t first_byte);

}  // namespace hilum::scp
