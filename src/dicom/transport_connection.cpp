#include "dicom/transport_connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace hilum {

TransportConnection::TransportConnection(DcmNativeSocketType socket,
                                         std::unique_ptr<DcmTransportConnection> inner)
    : DcmTransportConnection(socket), inner_(std::move(inner)) {
    const int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

ssize_t TransportConnection::read(void* buffer, size_t size) {
    const ssize_t count = inner_->read(buffer, size);
    acknowledge_at_once();
    return count;
}

ssize_t TransportConnection::write(void* buffer, size_t size) {
    return inner_->write(buffer, size);
}

bool TransportConnection::has_decrypted() {
    return !inner_->isTransparentConnection() && inner_->networkDataAvailable(0);
}

void TransportConnection::acknowledge_at_once() {
    const int saved = errno;
    const int on = 1;
    ::setsockopt(getSocket(), IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
    errno = saved;
}

ssize_t TransportConnection::failed(int error_number) {
    errno = error_number;
    return -1;
}

}  // namespace hilum
