#include "scp/messages/watched_connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

namespace hilum::scp {

WatchedConnection::WatchedConnection(DcmNativeSocketType socket,
                                     std::unique_ptr<DcmTransportConnection> inner, ReceiveWatch& watch,
                                     PduFraming& framing)
    : DcmTransportConnection(socket), inner_(std::move(inner)), watch_(watch), framing_(framing) {
    const int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

bool WatchedConnection::wait() {
    // A secure connection may have decrypted bytes in hand while its socket has none.
    if (!inner_->isTransparentConnection() && inner_->networkDataAvailable(0)) return true;
    return watch_.wait(getSocket());
}

ssize_t WatchedConnection::read(void* buffer, size_t size) {
    const std::size_t allowed = watch_.allowance(size);
    if (allowed == 0 || !wait()) {
        errno = ETIMEDOUT;  // not EINTR, on which DCMTK would try again
        return -1;
    }
    const ssize_t count = inner_->read(buffer, allowed);
    const int error = errno;
    if (count > 0) {
        const auto received = static_cast<std::size_t>(count);
        watch_.note_received(received);
        framing_.follow({static_cast<const std::byte*>(buffer), received});
    }
    const int on = 1;  // the kernel takes it back by itself, so again after every read
    ::setsockopt(getSocket(), IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
    errno = error;
    return count;
}

OFBool WatchedConnection::networkDataAvailable(int timeout) {
    if (timeout <= 0) return inner_->networkDataAvailable(0);
    return wait();
}

DcmTransportConnection* WatchedTransportLayer::createConnection(DcmNativeSocketType socket,
                                                                OFBool use_secure_layer) {
    std::unique_ptr<DcmTransportConnection> inner(
        DcmTransportLayer::createConnection(socket, use_secure_layer));
    return inner ? new WatchedConnection(socket, std::move(inner), watch_, framing_) : nullptr;
}

}  // namespace hilum::scp
