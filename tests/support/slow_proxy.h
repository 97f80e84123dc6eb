// A TCP proxy on the loopback that passes on what clients send at a given rate, out of a small receive
// buffer, as a slow line does. What comes back is passed on at once.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <thread>
#include <vector>

#include "base/unique_fd.h"
#include "support/loopback.h"

namespace hilum::test {

class SlowProxy {
  public:
    struct Line {
        std::size_t bytes_per_second = 1 << 30;
        std::size_t bytes = SIZE_MAX;  // of each connection; then nothing more is read
        int family = AF_INET;          // AF_INET6: on ::1
    };

    SlowProxy(int port, Line line) : target_(port), line_(line), stop_(::eventfd(0, EFD_CLOEXEC)) {
        listen();
        thread_ = std::thread([this] { run(); });
    }
    ~SlowProxy() {
        const std::uint64_t one = 1;
        if (::write(stop_.get(), &one, sizeof one) < 0) std::abort();
        thread_.join();
    }

    int port() const { return port_; }
    int connections() const { return connections_; }

  private:
    static constexpr int receive_buffer = 16 * 1024;
    static constexpr std::chrono::milliseconds tick{20};

    void listen() {
        sockaddr_storage address{};
        socklen_t size = sizeof(sockaddr_in);
        address.ss_family = static_cast<sa_family_t>(line_.family);
        auto& ipv4 = reinterpret_cast<sockaddr_in&>(address);
        auto& ipv6 = reinterpret_cast<sockaddr_in6&>(address);
        if (line_.family == AF_INET6) {
            ipv6.sin6_addr = in6addr_loopback;
            size = sizeof(sockaddr_in6);
        } else {
            ipv4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        }
        listening_ = UniqueFd(::socket(line_.family, SOCK_STREAM | SOCK_CLOEXEC, 0));
        ::setsockopt(listening_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
        auto* bound = reinterpret_cast<sockaddr*>(&address);
        if (::bind(listening_.get(), bound, size) != 0 || ::listen(listening_.get(), 8) != 0 ||
            ::getsockname(listening_.get(), bound, &size) != 0)
            throw std::runtime_error("no loopback port for a proxy");
        port_ = ntohs(line_.family == AF_INET6 ? ipv6.sin6_port : ipv4.sin_port);
    }

    void run() {
        std::vector<std::thread> connections;
        pollfd watched[2] = {{listening_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
        while (::poll(watched, 2, -1) > 0 && watched[1].revents == 0) {
            UniqueFd client(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
            if (!client) continue;
            ++connections_;
            connections.emplace_back([this, client = std::move(client)] { pass_on(client.get()); });
        }
        for (auto& connection : connections) connection.join();
    }

    static bool send_all(int to, const char* bytes, ssize_t size) {
        while (size > 0) {
            const auto n = ::send(to, bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL);
            if (n <= 0) return false;
            bytes += n;
            size -= n;
        }
        return true;
    }

    void pass_on(int client) {
        const UniqueFd server = connect_loopback(target_);
        const auto started = std::chrono::steady_clock::now();
        std::size_t passed = 0;
        std::vector<char> buffer(64 * 1024);
        while (server) {
            const auto elapsed = std::chrono::steady_clock::now() - started;
            const auto due = static_cast<std::size_t>(std::chrono::duration<double>(elapsed).count() *
                                                      static_cast<double>(line_.bytes_per_second));
            const auto most =
                std::min(line_.bytes, due + 1024) - std::min(passed, std::min(line_.bytes, due + 1024));
            pollfd watched[3] = {
                {stop_.get(), POLLIN, 0}, {server.get(), POLLIN, 0}, {most > 0 ? client : -1, POLLIN, 0}};
            if (::poll(watched, 3, static_cast<int>(tick.count())) < 0 || watched[0].revents != 0) return;
            if (watched[1].revents != 0) {
                const auto n = ::recv(server.get(), buffer.data(), buffer.size(), 0);
                if (n <= 0 || !send_all(client, buffer.data(), n)) return;
            }
            if (watched[2].revents != 0) {
                const auto n = ::recv(client, buffer.data(), std::min(buffer.size(), most), 0);
                if (n <= 0 || !send_all(server.get(), buffer.data(), n)) return;
                passed += static_cast<std::size_t>(n);
            }
        }
    }

    const int target_;
    const Line line_;
    UniqueFd listening_, stop_;
    int port_ = 0;
    std::atomic<int> connections_{0};
    std::thread thread_;
};

}  // namespace hilum::test
