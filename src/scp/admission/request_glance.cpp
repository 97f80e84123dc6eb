#include "scp/admission/request_glance.h"

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>

#include "scp/messages/pdu_framing.h"

namespace hilum::scp {
namespace {

constexpr std::uint32_t enough_of_a_request = 4096;
constexpr std::uint32_t largest_request = 0x100000;  // as DCMTK has it; the receiver refuses a larger one
constexpr std::size_t longest_head = 6;

// Where an opening says how long it is: after its type comes a length in big-endian order.
struct Head {
    std::uint8_t type;
    std::uint32_t size, length_at;
};
constexpr Head pdu_head{PduFraming::associate_rq, 6, 2};  // PS3.8 9.3.2
constexpr Head record_head{22, 5, 3};                     // RFC 8446 5.1: handshake

std::uint32_t length_in(const std::array<std::uint8_t, longest_head>& bytes, const Head& head) {
    std::uint32_t length = 0;
    for (auto i = head.length_at; i < head.size; ++i) length = length << 8 | bytes[i];
    return length;
}

void wake_at(int socket, std::uint32_t bytes) {
    const int value = static_cast<int>(bytes);
    ::setsockopt(socket, SOL_SOCKET, SO_RCVLOWAT, &value, sizeof value);  // socket(7)
}

}  // namespace

Glance glance_at(int socket, Opening opening, bool peer_closed) {
    const auto& head = opening == Opening::client_hello ? record_head : pdu_head;
    std::array<std::uint8_t, longest_head> bytes{};
    const auto count = ::recv(socket, bytes.data(), head.size, MSG_PEEK | MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return Glance::silent;
    if (count <= 0) return Glance::closed;
    std::uint32_t wanted = head.size;  // of something foreign too: a receiver would wait for the rest of it
    if (count == static_cast<ssize_t>(head.size)) {
        if (bytes[0] != head.type) return Glance::foreign;
        const auto length = length_in(bytes, head);
        if (length > largest_request) return Glance::asking;
        wanted = std::min(head.size + std::min(length, enough_of_a_request), enough_of_a_request);
        int there = 0;
        if (::ioctl(socket, FIONREAD, &there) == 0 && static_cast<std::uint32_t>(there) >= wanted)
            return Glance::asking;
    }
    if (peer_closed) return Glance::closed;
    wake_at(socket, wanted);
    return Glance::silent;
}

void stop_glancing(int socket) {
    wake_at(socket, 1);
}

}  // namespace hilum::scp
