#include "scp/messages/watched_connection.h"

#include <cerrno>
#include <cstddef>
#include <utility>

#include "dicom/tls_connection.h"

namespace hilum::scp {

WatchedConnection::WatchedConnection(DcmNativeSocketType socket,
                                     std::unique_ptr<DcmTransportConnection> inner, ReceiveWatch& watch,
                                     PduFraming& framing)
    : TransportConnection(socket, std::move(inner)), watch_(watch), framing_(framing) {}

bool WatchedConnection::wait() {
    // Of TLS the socket may bring what is none of the peer's data, or a part of a record.
    while (!has_decrypted()) {
        if (!watch_.wait(getSocket())) return false;
        if (isTransparentConnection()) return true;
    }
    return true;
}

ssize_t WatchedConnection::read(void* buffer, size_t size) {
    const std::size_t allowed = watch_.allowance(size);
    if (allowed == 0 || !wait()) return failed(ETIMEDOUT);
    const ssize_t count = TransportConnection::read(buffer, allowed);
    if (count > 0) {
        const auto received = static_cast<std::size_t>(count);
        watch_.note_received(received);
        framing_.follow({static_cast<const std::byte*>(buffer), received});
    }
    return count;
}

OFBool WatchedConnection::networkDataAvailable(int timeout) {
    if (timeout <= 0) return TransportConnection::networkDataAvailable(0);
    return wait();
}

DcmTransportConnection* WatchedTransportLayer::createConnection(DcmNativeSocketType socket,
                                                                OFBool use_secure_layer) {
    std::unique_ptr<DcmTransportConnection> inner;
    if (tls_)
        inner = std::make_unique<TlsConnection>(socket, std::move(*std::exchange(tls_, std::nullopt)));
    else
        inner.reset(DcmTransportLayer::createConnection(socket, use_secure_layer));
    return inner ? new WatchedConnection(socket, std::move(inner), watch_, framing_) : nullptr;
}

}  // namespace hilum::scp
