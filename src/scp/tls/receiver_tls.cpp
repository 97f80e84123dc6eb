#include "scp/tls/receiver_tls.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace hilum::scp {

ssize_t WatchedWire::receive(void* buffer, std::size_t size, bool wait) {
    for (;;) {
        const ssize_t n = ::recv(socket_, buffer, size, MSG_DONTWAIT);
        received_ = received_ || n > 0;
        if (n >= 0 || (errno != EAGAIN && errno != EINTR)) return n;
        if (errno == EINTR) continue;
        if (!wait) return -1;
        if (watch_.wait(socket_)) continue;
        errno = ETIMEDOUT;
        return -1;
    }
}

bool WatchedWire::send(const void* bytes, std::size_t size) {
    for (const char* at = static_cast<const char*>(bytes); size > 0;) {
        const ssize_t n = ::send(socket_, at, size, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            if (errno == EAGAIN) errno = ETIMEDOUT;  // SO_SNDTIMEO
            return false;
        }
        at += n;
        size -= static_cast<std::size_t>(n);
    }
    return true;
}

Result<TlsStream> ReceiverTls::shake_hands(int socket) {
    socket_ = socket;
    wire_.use(socket);
    auto stream = TlsStream::server(*context_, wire_);
    if (!stream) return stream;
    if (auto shaken = stream->handshake(); !shaken) return tl::unexpected(shaken.error());
    certificate_ = stream->peer();
    return stream;
}

void ReceiverTls::see_off() {
    ::shutdown(socket_, SHUT_WR);
    std::array<char, 4096> thrown_away{};
    while (watch_.wait(socket_)) {
        const ssize_t n = ::recv(socket_, thrown_away.data(), thrown_away.size(), MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) return;
    }
}

bool begins_as_tls(std::uint8_t first_byte) {
    constexpr std::uint8_t handshake_record = 0x16;
    return first_byte == handshake_record;
}

}  // namespace hilum::scp
