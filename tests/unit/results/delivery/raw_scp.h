// A storage SCP of hand-written PDUs (PS3.8 9.3) that does step by step what a test tells it, in a thread of
// its own.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "support/raw_association.h"

namespace hilum::test {

constexpr char release_rq = 5, release_rp = 6, a_abort = 7;

// One connection that the SCP took.
class RawConnection {
  public:
    explicit RawConnection(UniqueFd socket) : socket_(std::move(socket)) {}

    bool send(const std::string& bytes) {
        return ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
               static_cast<ssize_t>(bytes.size());
    }
    bool send_pdu(char type) { return send(pdu(type, std::string(4, '\0'))); }

    // The next PDU; none when the peer closed, or within ten seconds.
    std::optional<Pdu> receive() {
        const auto head = read(6);
        if (head.size() < 6) return std::nullopt;
        std::size_t length = 0;
        for (std::size_t i = 2; i < 6; ++i) length = length << 8 | static_cast<unsigned char>(head[i]);
        return Pdu{static_cast<unsigned char>(head[0]), read(length)};
    }
    // Its type; -1 for none.
    int receive_type() {
        const auto received = receive();
        return received ? received->type : -1;
    }

    // Accepts each presentation context in the first transfer syntax that it has.
    bool accept_association() {
        const auto request = receive();
        if (!request || request->type != 1) return false;
        std::string body = request->body.substr(0, 68) + pdu_item(0x10, "1.2.840.10008.3.1.1.1");
        for (std::size_t at = 68; at + 4 <= request->body.size();
             at += 4 + length_at(request->body, at + 2)) {
            if (request->body[at] != 0x20) continue;
            const auto context = request->body.substr(at + 4, length_at(request->body, at + 2));
            const auto abstract = 4 + length_at(context, 6) + 4;
            const auto syntax = context.substr(abstract + 4, length_at(context, abstract + 2));
            body += pdu_item(0x21, context.substr(0, 1) + std::string(3, '\0') + pdu_item(0x40, syntax));
        }
        body += pdu_item(0x50, pdu_item(0x51, big_32(16384)) + pdu_item(0x52, "1.2.3"));
        return send(pdu(2, body));
    }

    // A request with its data set (C-STORE, N-ACTION), unanswered.
    bool receive_request() {
        for (;;) {
            const auto received = receive();
            if (!received || received->type != 4) return false;
            const auto& body = received->body;
            for (std::size_t at = 0; at + 6 <= body.size();
                 at += 4 + (length_at(body, at) << 16 | length_at(body, at + 2))) {
                context_ = body[at + 4];
                if (const auto id = body.find(std::string("\0\0\x10\x01\2\0\0\0", 8));
                    id != std::string::npos)
                    message_id_ = body.substr(id + 8, 2);
                if ((body[at + 5] & 3) == 2) return true;
            }
        }
    }
    // With success: C-STORE-RSP, or another command field (PS3.7 E.1).
    bool answer(std::size_t command_field = 0x8001) {
        DatasetBytes command({.explicit_vr = false});
        command.element(0x00000002, "UI", "1.2.840.10008.5.1.4.1.1.7")
            .element(0x00000100, "US", little_16(command_field))
            .element(0x00000120, "US", message_id_)
            .element(0x00000800, "US", little_16(0x0101))
            .element(0x00000900, "US", little_16(0));
        return send(p_data(context_, true, true, command_set(command)));
    }

  private:
    static std::size_t length_at(const std::string& bytes, std::size_t at) {
        return static_cast<std::size_t>(static_cast<unsigned char>(bytes.at(at)) << 8 |
                                        static_cast<unsigned char>(bytes.at(at + 1)));
    }

    std::string read(std::size_t size) {
        std::string bytes;
        while (bytes.size() < size) {
            pollfd readable{socket_.get(), POLLIN, 0};
            if (::poll(&readable, 1, 10'000) <= 0) break;
            char buffer[4096];
            const auto n = ::recv(socket_.get(), buffer, std::min(sizeof buffer, size - bytes.size()), 0);
            if (n <= 0) break;
            bytes.append(buffer, static_cast<std::size_t>(n));
        }
        return bytes;
    }

    UniqueFd socket_;
    char context_ = 1;
    std::string message_id_;
};

// Takes connections as its script asks for them.
class RawScp {
  public:
    using Accept = std::function<RawConnection()>;

    explicit RawScp(std::function<void(const Accept&)> script) {
        std::tie(listening_, port_) = bind_loopback(4);
        thread_ = std::thread([this, script = std::move(script)] {
            script([this] { return RawConnection(UniqueFd(::accept(listening_.get(), nullptr, nullptr))); });
        });
    }
    ~RawScp() { join(); }
    int port() const { return port_; }
    void join() {
        if (thread_.joinable()) thread_.join();
    }

  private:
    UniqueFd listening_;
    int port_ = 0;
    std::thread thread_;
};

}  // namespace hilum::test
