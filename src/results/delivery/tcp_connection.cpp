#include "results/delivery/tcp_connection.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace hilum::delivery {
namespace {

using Clock = std::chrono::steady_clock;

class Connecting {
  public:
    Connecting(const std::vector<SocketAddress>& addresses, Clock::time_point deadline)
        : addresses_(addresses), deadline_(deadline) {}

    // Empty: none took it; failures() tells of each.
    UniqueFd run() {
        while (Clock::now() < deadline_ && (next_ < addresses_.size() || !pending_.empty())) {
            if (next_ < addresses_.size() && (pending_.empty() || Clock::now() >= next_at_)) {
                start(addresses_[next_++]);
                next_at_ = Clock::now() + head_start;
            } else if (auto connected = await()) {
                return connected;
            }
        }
        for (const auto& attempt : pending_) note(attempt.address, "no answer in time");
        for (; next_ < addresses_.size(); ++next_) note(addresses_[next_].text(), "not tried in time");
        return {};
    }

    std::string failures() const { return failures_; }

  private:
    struct Attempt {
        UniqueFd fd;
        std::string address;
    };

    void note(const std::string& address, const std::string& why) {
        if (!failures_.empty()) failures_ += "; ";
        failures_ += addresses_.size() == 1 ? why : address + ": " + why;
    }

    void start(const SocketAddress& address) {
        UniqueFd fd(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        if (!fd) return note(address.text(), std::strerror(errno));
        const int on = 1;
        ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        const auto* to = reinterpret_cast<const sockaddr*>(&address.storage);
        if (::connect(fd.get(), to, address.size) != 0 && errno != EINPROGRESS)
            return note(address.text(), std::strerror(errno));
        pending_.push_back({std::move(fd), address.text()});
    }

    // Waits for the pending ones, until it is the next one's turn.
    UniqueFd await() {
        std::vector<pollfd> watched;
        for (const auto& attempt : pending_) watched.push_back({attempt.fd.get(), POLLOUT, 0});
        const auto until = next_ < addresses_.size() ? std::min(next_at_, deadline_) : deadline_;
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
        if (::poll(watched.data(), watched.size(), static_cast<int>(std::clamp<long>(left, 0, 3'600'000))) <=
            0)
            return {};
        for (std::size_t i = watched.size(); i-- > 0;) {
            if (watched[i].revents == 0) continue;
            int error = 0;
            socklen_t size = sizeof error;
            ::getsockopt(pending_[i].fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
            if (error == 0) return std::move(pending_[i].fd);
            note(pending_[i].address, std::strerror(error));
            pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(i));
            next_at_ = Clock::now();
        }
        return {};
    }

    const std::vector<SocketAddress>& addresses_;
    const Clock::time_point deadline_;
    std::vector<Attempt> pending_;
    std::size_t next_ = 0;
    Clock::time_point next_at_;
    std::string failures_;
};

}  // namespace

tl::expected<UniqueFd, Answer> connect_to(const TcpDestination& destination, LookUp look_up) {
    const auto deadline = Clock::now() + destination.timeout;
    const auto addresses = addresses_of(destination.host, destination.port, deadline, look_up);
    if (!addresses) {
        const auto& error = addresses.error();
        const auto within = error.code == "timeout" ? " within " + format_duration(destination.timeout) : "";
        return tl::unexpected(
            Answer{Outcome::retry, -1,
                   fmt::format("cannot find the host of {} ({}{}): check the destination's host and the DNS",
                               destination.text, error.message, within),
                   true});
    }
    Connecting connecting(*addresses, deadline);
    auto connected = connecting.run();
    if (!connected)
        return tl::unexpected(Answer{
            Outcome::retry, -1,
            fmt::format("cannot connect to {} ({}): check that it runs, its host and port, and firewalls",
                        destination.text, connecting.failures()),
            true});
    ::fcntl(connected.get(), F_SETFL, ::fcntl(connected.get(), F_GETFL) & ~O_NONBLOCK);
    return connected;
}

}  // namespace hilum::delivery
