// An association made of hand-written PDUs (PS3.8 9.3), for what no well-behaved tool sends.
#pragma once

#include <poll.h>
#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/unique_fd.h"
#include "support/dataset_bytes.h"
#include "support/loopback.h"

namespace hilum::test {

inline std::string big_16(std::size_t value) {
    return {static_cast<char>(value >> 8), static_cast<char>(value & 0xFF)};
}
inline std::string big_32(std::size_t value) {
    return big_16(value >> 16) + big_16(value & 0xFFFF);
}
inline std::string little_16(std::size_t value) {
    return {static_cast<char>(value & 0xFF), static_cast<char>(value >> 8)};
}

inline std::string pdu(char type, const std::string& body) {
    return std::string{type, '\0'} + big_32(body.size()) + body;
}
inline std::string pdu_item(char type, const std::string& body) {
    return std::string{type, '\0'} + big_16(body.size()) + body;
}

struct ProposedContext {
    std::string abstract_syntax;
    std::vector<std::string> transfer_syntaxes;
};

// Context identifiers are 1, 3, 5, ... in order.
inline std::string associate_rq(std::string calling, std::string called,
                                const std::vector<ProposedContext>& contexts) {
    calling.resize(16, ' ');
    called.resize(16, ' ');
    std::string body = big_16(1) + big_16(0) + called + calling + std::string(32, '\0');
    body += pdu_item(0x10, "1.2.840.10008.3.1.1.1");
    for (std::size_t i = 0; i < contexts.size(); ++i) {
        std::string context{static_cast<char>(2 * i + 1), '\0', '\0', '\0'};
        context += pdu_item(0x30, contexts[i].abstract_syntax);
        for (const auto& syntax : contexts[i].transfer_syntaxes) context += pdu_item(0x40, syntax);
        body += pdu_item(0x20, context);
    }
    body += pdu_item(0x50, pdu_item(0x51, big_32(16384)) + pdu_item(0x52, "1.2.3"));
    return pdu(0x01, body);
}

inline std::string p_data(char context, bool command, bool last, const std::string& bytes) {
    const char control = static_cast<char>((command ? 1 : 0) | (last ? 2 : 0));
    return pdu(0x04, big_32(bytes.size() + 2) + context + control + bytes);
}

inline std::string command_set(const DatasetBytes& elements) {
    DatasetBytes length({.explicit_vr = false});
    const auto size = elements.bytes().size();
    length.element(0x00000000, "UL", little_16(size & 0xFFFF) + little_16(size >> 16));
    return length.bytes() + elements.bytes();
}

inline std::string c_store_rq(const std::string& sop_class_uid, const std::string& sop_instance_uid) {
    DatasetBytes command({.explicit_vr = false});
    command.element(0x00000002, "UI", sop_class_uid)
        .element(0x00000100, "US", little_16(0x0001))
        .element(0x00000110, "US", little_16(7))
        .element(0x00000700, "US", little_16(0))
        .element(0x00000800, "US", little_16(0x0001))
        .element(0x00001000, "UI", sop_instance_uid);
    return command_set(command);
}

inline std::string c_echo_rq() {
    DatasetBytes command({.explicit_vr = false});
    command.element(0x00000002, "UI", "1.2.840.10008.1.1")
        .element(0x00000100, "US", little_16(0x0030))
        .element(0x00000110, "US", little_16(7))
        .element(0x00000800, "US", little_16(0x0101));
    return command_set(command);
}

struct Pdu {
    int type = 0;
    std::string body;
};

class RawAssociation {
  public:
    explicit RawAssociation(int port) : socket_(connect_loopback(port)) {}

    bool connected() const { return static_cast<bool>(socket_); }
    bool send(const std::string& bytes) {
        return ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
               static_cast<ssize_t>(bytes.size());
    }
    void close() { socket_.reset(); }

    // None when the peer closed, or nothing came for ten seconds (then timed_out() is true).
    std::optional<Pdu> receive() {
        const auto head = read(6);
        if (head.size() < 6) return std::nullopt;
        std::size_t length = 0;
        for (int i = 2; i < 6; ++i)
            length = length << 8 | static_cast<unsigned char>(head[static_cast<std::size_t>(i)]);
        return Pdu{static_cast<unsigned char>(head[0]), read(length)};
    }
    bool timed_out() const { return timed_out_; }

    // A-ASSOCIATE-RQ and its answer.
    std::optional<Pdu> associate(const std::vector<ProposedContext>& contexts,
                                 const std::string& calling = "PACS", const std::string& called = "HILUM") {
        send(associate_rq(calling, called, contexts));
        return receive();
    }

    // Status of the next DIMSE response; -1 when none comes.
    int receive_status() {
        const auto answer = receive();
        if (!answer || answer->type != 0x04) return -1;
        const auto at = answer->body.find(std::string("\0\0\0\x09\2\0\0\0", 8));
        if (at == std::string::npos) return -1;
        return static_cast<unsigned char>(answer->body[at + 8]) |
               static_cast<unsigned char>(answer->body[at + 9]) << 8;
    }

    int store(const std::string& sop_class_uid, const std::string& sop_instance_uid,
              const std::string& data_set) {
        send(p_data(1, true, true, c_store_rq(sop_class_uid, sop_instance_uid)));
        for (std::size_t i = 0; i < data_set.size(); i += 16000) {
            const bool last = i + 16000 >= data_set.size();
            if (!send(p_data(1, false, last, data_set.substr(i, 16000)))) break;
        }
        return receive_status();
    }

  private:
    std::string read(std::size_t size) {
        std::string bytes;
        while (bytes.size() < size) {
            pollfd fd{socket_.get(), POLLIN, 0};
            if (::poll(&fd, 1, 10'000) <= 0) {
                timed_out_ = true;
                break;
            }
            char buffer[4096];
            const ssize_t n = ::recv(socket_.get(), buffer, std::min(sizeof buffer, size - bytes.size()), 0);
            if (n <= 0) break;
            bytes.append(buffer, static_cast<std::size_t>(n));
        }
        return bytes;
    }

    UniqueFd socket_;
    bool timed_out_ = false;
};

// The accepted transfer syntax of each context of an A-ASSOCIATE-AC; for a refused one "refused N", N the
// reason.
inline std::vector<std::string> accepted_transfer_syntaxes(const Pdu& associate_ac) {
    std::vector<std::string> found;
    const std::string& body = associate_ac.body;
    const auto length = [&](std::size_t at) {
        return static_cast<std::size_t>(static_cast<unsigned char>(body[at]) << 8 |
                                        static_cast<unsigned char>(body[at + 1]));
    };
    for (std::size_t at = 68; at + 4 <= body.size(); at += 4 + length(at + 2)) {
        if (body[at] != 0x21) continue;
        if (const int result = body[at + 6]; result != 0)
            found.push_back("refused " + std::to_string(result));
        else
            found.push_back(body.substr(at + 12, length(at + 10)));
    }
    return found;
}

}  // namespace hilum::test
