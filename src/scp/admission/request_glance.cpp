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

constexpr std::uint32_t head_size = 6, enough_of_a_request = 4096;
constexpr std::uint32_t largest_request = 0x100000;  // as DCMTK has it; the receiver refuses a larger one

void wake_at(int socket, std::uint32_t bytes) {
    const int value = static_cast<int>(bytes);
    ::setsockopt(socket, SOL_SOCKET, SO_RCVLOWAT, &value, sizeof value);  // socket(7)
}

}  // namespace

Glance glance_at(int socket, bool peer_closed) {
    std::array<std::uint8_t, head_size> head{};
    const auto count = ::recv(socket, head.data(), head.size(), MSG_PEEK | MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return Glance::silent;
    if (count <= 0) return Glance::closed;
    if (head[0] != PduFraming::associate_rq) return Glance::foreign;
    std::uint32_t wanted = head_size;
    if (count == head_size) {
        const auto length = static_cast<std::uint32_t>(head[2]) << 24 |
                            static_cast<std::uint32_t>(head[3]) << 16 |
                            static_cast<std::uint32_t>(head[4]) << 8 | head[5];
        if (length > largest_request) return Glance::asking;
        wanted = std::min(head_size + std::min(length, enough_of_a_request), enough_of_a_request);
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
