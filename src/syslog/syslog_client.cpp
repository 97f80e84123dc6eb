#include "syslog/syslog_client.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "results/delivery/host_lookup.h"
#include "results/delivery/tcp_connection.h"
#include "syslog/syslog_frame.h"

namespace hilum::syslog {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int most_reads = 64;  // of a server that talks and talks
// So that a connection that a firewall forgot while it was idle is noticed: after two minutes.
constexpr int keepalive_idle = 60, keepalive_interval = 15, keepalive_probes = 4;  // seconds, seconds, number

void set_option(int socket, int level, int option, int value) {
    ::setsockopt(socket, level, option, &value, sizeof value);
}

int pending_error(int socket) {
    int error = 0;
    socklen_t size = sizeof error;
    return ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

}  // namespace

SyslogClient::SyslogClient(const SyslogSettings& server, std::shared_ptr<delivery::TlsClient> tls,
                           std::function<void()> on_progress)
    : server_(server), tls_client_(std::move(tls)), watch_(std::move(on_progress)), wire_(watch_) {}

std::string SyslogClient::text() const {
    return fmt::format("{} at {}", server_.name, delivery::host_and_port(server_.host, server_.port));
}

Status SyslogClient::open() {
    close();
    watch_.allow(server_.timeout);
    auto opened = server_.protocol == SyslogProtocol::udp ? open_datagrams() : open_stream();
    if (opened)
        ++number_;
    else
        close();
    return opened;
}

Status SyslogClient::open_datagrams() {
    const auto addresses = delivery::addresses_of(server_.host, server_.port, Clock::now() + server_.timeout);
    if (!addresses)
        return fail_for_now("no_connection", "cannot find the host of {}: {}", text(),
                            addresses.error().message);
    std::string why;
    for (const auto& address : *addresses) {
        UniqueFd socket(::socket(address.storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        const auto* const to = reinterpret_cast<const sockaddr*>(&address.storage);
        if (socket && ::connect(socket.get(), to, address.size) == 0) {
            socket_ = std::move(socket);
            watch_.watch(socket_.get());
            return {};
        }
        why = std::strerror(errno);
    }
    return fail_for_now("no_connection", "cannot send to {}: {}", text(), why);
}

Status SyslogClient::open_stream() {
    auto connected = delivery::connect_to({text(), server_.host, server_.port, server_.timeout});
    if (!connected) return fail_for_now("no_connection", "{}", connected.error().message);
    socket_ = std::move(*connected);
    set_option(socket_.get(), SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(socket_.get(), IPPROTO_TCP, TCP_KEEPIDLE, keepalive_idle);
    set_option(socket_.get(), IPPROTO_TCP, TCP_KEEPINTVL, keepalive_interval);
    set_option(socket_.get(), IPPROTO_TCP, TCP_KEEPCNT, keepalive_probes);
    watch_.watch(socket_.get());
    if (server_.protocol != SyslogProtocol::tls) return {};
    watch_.limit(server_.timeout);  // a peer that drips the handshake makes no progress
    auto secured = tls_client_->connect(wire_, text());
    if (!secured) return fail_for_now("no_connection", "{}", secured.error().message);
    tls_ = std::move(*secured);
    return {};
}

Status SyslogClient::send(const std::vector<std::string>& messages) {
    watch_.allow(server_.timeout);
    return server_.protocol == SyslogProtocol::udp ? send_datagrams(messages) : send_stream(messages);
}

Status SyslogClient::send_datagrams(const std::vector<std::string>& messages) {
    for (const auto& message : messages) {
        for (;;) {
            if (!watch_.wait(POLLOUT)) return broken("takes nothing");
            if (::send(socket_.get(), message.data(), message.size(), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
                break;
            // ECONNREFUSED is of one before, for which nobody listened.
            if (errno != EINTR && errno != EAGAIN && errno != ENOBUFS) return broken(std::strerror(errno));
        }
    }
    return {};
}

Status SyslogClient::send_stream(const std::vector<std::string>& messages) {
    std::string bytes;
    for (const auto& message : messages) bytes += counted_frame(message);
    const bool written =
        tls_ ? tls_->write(bytes.data(), bytes.size()) >= 0 : watch_.send(bytes.data(), bytes.size());
    if (!written || !watch_.flush())
        return broken(watch_.timed_out() ? "took nothing more for " + format_duration(server_.timeout)
                                         : "closed the connection within the messages");
    return alive() ? Status() : broken("closed the connection");
}

bool SyslogClient::alive() {
    if (!socket_) return false;
    if (server_.protocol == SyslogProtocol::udp) return pending_error(socket_.get()) == 0;
    return hears_nothing();
}

bool SyslogClient::hears_nothing() {
    std::array<char, 1024> heard{};
    for (int reads = 0; reads < most_reads; ++reads) {
        if (tls_ && !tls_->has_arrived()) return true;
        const ssize_t n = tls_ ? tls_->read(heard.data(), heard.size())
                               : ::recv(socket_.get(), heard.data(), heard.size(), MSG_DONTWAIT);
        if (n < 0 && !tls_ && errno == EINTR) continue;
        if (n < 0 && !tls_ && errno == EAGAIN) return true;
        if (n <= 0) return false;
    }
    return true;
}

Status SyslogClient::broken(const std::string& how) {
    close();
    return fail_for_now("broken", "{}: {}", text(), how);
}

void SyslogClient::close() {
    if (tls_) tls_->say_goodbye();
    tls_.reset();
    watch_.forget();
    socket_.reset();
}

}  // namespace hilum::syslog
