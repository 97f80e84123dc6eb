// One end of a SOCK_SEQPACKET socket pair between two processes of Hilum: one JSON message a packet, with
// file descriptors beside it. A message too long for a packet travels in a memfd, unseen by the callers.
// Blocking unless the descriptor was made non-blocking by its owner.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"

namespace hilum {

inline constexpr std::size_t max_packet_bytes = 200 * 1024;
inline constexpr std::size_t max_message_bytes = 64 * 1024 * 1024;
inline constexpr std::size_t max_message_fds = 40;

// One JSON object as it travels. Opaque, so that who passes it on need not know the library of JSON.
class Packet {
  public:
    Packet();
    explicit Packet(nlohmann::json body);

    const std::string& type() const { return type_; }  // its member "type"; empty where it has none
    const nlohmann::json& body() const { return *body_; }

  private:
    std::shared_ptr<const nlohmann::json> body_;
    std::string type_;
};

struct Message {
    Packet packet;
    std::vector<UniqueFd> fds;
};

class Channel {
  public:
    static Result<std::pair<Channel, Channel>> make_pair();  // both ends close-on-exec

    Channel() = default;
    explicit Channel(UniqueFd fd) : fd_(std::move(fd)) {}

    // The descriptors stay the caller's; the peer gets duplicates. Code "closed" when the peer is gone.
    Status send(const Packet& packet, std::span<const int> fds = {});

    // The next message. Errors: code "closed" when the peer closed its end; "would_block" on a non-blocking
    // descriptor with nothing to read; "protocol" for a packet that is no JSON object or was cut off.
    Result<Message> receive();

    int fd() const { return fd_.get(); }
    UniqueFd release() { return std::move(fd_); }
    explicit operator bool() const { return static_cast<bool>(fd_); }
    void close() { fd_.reset(); }

  private:
    UniqueFd fd_;
};

}  // namespace hilum
