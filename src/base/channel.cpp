#include "base/channel.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/file_system.h"

namespace hilum {
namespace {

constexpr const char* overflow_marker = "in memfd";  // the last descriptor holds the message

std::string type_of(const nlohmann::json& body) {
    const auto found = body.find("type");
    return found != body.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// That the peer left without having read all, Linux tells once, before what it sent last.
ssize_t receive_packet(int fd, msghdr& header) {
    for (bool left = false;;) {
        const auto n = ::recvmsg(fd, &header, MSG_CMSG_CLOEXEC);
        if (n >= 0 || (errno != EINTR && (errno != ECONNRESET || left))) return n;
        left = left || errno == ECONNRESET;
    }
}

}  // namespace

Packet::Packet() : Packet(nlohmann::json::object()) {}

Packet::Packet(nlohmann::json body)
    : body_(std::make_shared<const nlohmann::json>(std::move(body))), type_(type_of(*body_)) {}

Result<std::pair<Channel, Channel>> Channel::make_pair() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return tl::unexpected(system_error(errno, "cannot make a socket pair"));
    const int room = 4 * static_cast<int>(max_packet_bytes);
    for (const int end : ends) ::setsockopt(end, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    return std::pair(Channel(UniqueFd(ends[0])), Channel(UniqueFd(ends[1])));
}

Status Channel::send(const Packet& packet, std::span<const int> fds) {
    // Text from outside may hold bytes that are no UTF-8; they must not stop a message.
    std::string text = packet.body().dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    if (text.size() > max_message_bytes || fds.size() >= max_message_fds)
        return fail("protocol", "message of {} bytes and {} descriptors is too large", text.size(),
                    fds.size());
    UniqueFd overflow;
    std::vector<int> with_overflow;
    if (text.size() > max_packet_bytes) {
        auto memfd = make_memfd("hilum-message", std::as_bytes(std::span(text)));
        if (!memfd) return tl::unexpected(memfd.error());
        overflow = std::move(*memfd);
        with_overflow.assign(fds.begin(), fds.end());
        with_overflow.push_back(overflow.get());
        fds = with_overflow;
        text = overflow_marker;
    }

    iovec part{text.data(), text.size()};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * max_message_fds)> control{};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    if (!fds.empty()) {
        header.msg_control = control.data();
        header.msg_controllen = CMSG_SPACE(fds.size_bytes());
        cmsghdr* rights = CMSG_FIRSTHDR(&header);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(fds.size_bytes());
        std::memcpy(CMSG_DATA(rights), fds.data(), fds.size_bytes());
    }
    for (;;) {
        if (::sendmsg(fd_.get(), &header, MSG_NOSIGNAL) >= 0) return {};
        if (errno == EINTR) continue;
        if (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN || errno == EBADF)
            return fail("closed", "the peer process is gone");
        return tl::unexpected(system_error(errno, "cannot send to the peer process"));
    }
}

Result<Message> Channel::receive() {
    std::string text(max_packet_bytes, '\0');
    iovec part{text.data(), text.size()};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * max_message_fds)> control{};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    const auto n = receive_packet(fd_.get(), header);
    if (n == 0 || (n < 0 && errno == ECONNRESET)) return fail("closed", "the peer process is gone");
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return fail_for_now("would_block", "no message");
    if (n < 0) return tl::unexpected(system_error(errno, "cannot receive from the peer process"));

    Message message;
    for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
        const std::size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < count; ++i) {
            int fd;
            std::memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof fd);
            message.fds.emplace_back(fd);
        }
    }
    if (header.msg_flags & MSG_TRUNC) return fail("protocol", "message was cut off");
    if (header.msg_flags & MSG_CTRUNC)  // the kernel drops what it has no number or memory for
        return tl::unexpected(Error{"system", "descriptors of a message were lost: too many files are open",
                                    Retry::once_mended});
    text.resize(static_cast<std::size_t>(n));
    if (text == overflow_marker && !message.fds.empty()) {
        auto whole = read_fd(message.fds.back().get(), max_message_bytes);
        if (!whole) return tl::unexpected(whole.error());
        text = std::move(*whole);
        message.fds.pop_back();
    }
    auto body = nlohmann::json::parse(text, nullptr, false);
    if (!body.is_object()) return fail("protocol", "message is not a JSON object");
    message.packet = Packet(std::move(body));
    return message;
}

}  // namespace hilum
