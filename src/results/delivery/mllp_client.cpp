#include "results/delivery/mllp_client.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "results/delivery/hl7_acknowledgement.h"
#include "results/delivery/readiness.h"
#include "results/delivery/tcp_connection.h"

namespace hilum::delivery {
namespace {

constexpr char start_of_block = '\x0B', end_of_block = '\x1C', carriage_return = '\r';
constexpr std::size_t longest_acknowledgement = 64 * 1024;

}  // namespace

std::string MllpReceiver::text() const {
    return fmt::format("{} at {}", name, host_and_port(host, port));
}

std::optional<Answer> MllpClient::open() {
    watch_.allow(receiver_.timeout);
    auto connected = connect_to({receiver_.text(), receiver_.host, receiver_.port, receiver_.timeout});
    if (!connected) return std::move(connected.error());
    connection_ = std::move(*connected);
    watch_.watch(connection_.get());
    if (!receiver_.tls) return std::nullopt;
    watch_.limit(receiver_.timeout);  // a peer that drips the handshake makes no progress
    auto secured = receiver_.tls->connect(wire_, receiver_.text());
    if (secured) {
        tls_ = std::move(*secured);
        return std::nullopt;
    }
    close();
    return std::move(secured.error());
}

bool MllpClient::has_arrived(Clock::time_point until) {
    while (!tls_ || !tls_->has_arrived()) {
        if (!wait_for(connection_.get(), POLLIN, until)) return false;
        if (!tls_) return true;
    }
    return true;
}

bool MllpClient::wait() {
    while (!tls_ || !tls_->has_arrived()) {
        if (!watch_.wait(POLLIN)) return false;
        if (!tls_) return true;
    }
    return true;
}

bool MllpClient::send_all(const std::string& block) {
    return tls_ ? tls_->write(block.data(), block.size()) >= 0 : watch_.send(block.data(), block.size());
}

ssize_t MllpClient::receive(char* bytes, std::size_t size) {
    return tls_ ? tls_->read(bytes, size) : ::recv(connection_.get(), bytes, size, MSG_DONTWAIT);
}

Answer MllpClient::connect() {
    close();
    if (auto prevented = open()) return *prevented;
    close();
    return {Outcome::delivered, -1, receiver_.text() + " takes connections"};
}

void MllpClient::close() {
    if (tls_) tls_->say_goodbye();
    tls_.reset();
    watch_.forget();
    connection_.reset();
}

void MllpClient::hear() {
    while (connection_ && has_arrived(Clock::now())) {
        std::array<char, 64> bytes{};
        const auto n = receive(bytes.data(), bytes.size());
        if (n < 0 && errno == EINTR) continue;
        const bool blank = n > 0 && std::all_of(bytes.data(), bytes.data() + n, [](char c) {
                               return c == carriage_return || c == '\n' || c == end_of_block;
                           });
        // It closed the connection, or acknowledges late what was given up: the next answer would be
        // mistaken.
        if (!blank) close();
    }
}

Answer MllpClient::send(const std::string& message) {
    const auto control_id = message_control_id(message);
    if (!control_id) return {Outcome::unsendable, -1, "the result's file holds no HL7 message"};
    hear();
    if (!connection_)
        if (auto prevented = open()) return *prevented;
    auto answer = exchange(message, *control_id);
    // After a failed or a strange exchange what comes next on this connection would be taken for something
    // else.
    if (answer.outcome == Outcome::retry) close();
    return answer;
}

Answer MllpClient::exchange(const std::string& message, const std::string& control_id) {
    const auto failed = [this](const std::string& what) {
        return Answer{Outcome::retry, -1, fmt::format("{} {}", receiver_.text(), what)};
    };
    const auto block = start_of_block + message + end_of_block + carriage_return;
    watch_.allow(receiver_.timeout);
    if (!send_all(block))
        return failed(watch_.timed_out()
                          ? "took nothing more of the message for " + format_duration(receiver_.timeout)
                          : "closed the connection within the message");
    const auto reply = read_reply();
    if (!reply) return failed(reply.error().message);
    if (!reply->ended) close();
    return answer_for_acknowledgement(reply->text, control_id, receiver_.text());
}

// What lies between the marks of a block. Some receivers set no mark at the end, or none at all: then what
// came until the connection was closed, or nothing more came.
Result<MllpClient::Reply> MllpClient::read_reply() {
    std::string received;
    for (;;) {
        const auto start = received.find(start_of_block);
        const auto content = start == std::string::npos ? 0 : start + 1;
        if (const auto end = received.find(end_of_block, content); end != std::string::npos)
            return Reply{received.substr(content, end - content), true};
        if (received.size() > longest_acknowledgement) return fail("mllp", "answered without an end");
        const bool complete = has_acknowledgement(received.substr(content));
        if (complete && !has_arrived(Clock::now() + quiet)) return Reply{received.substr(content), false};
        if (auto read = read_more(received); !read) {
            if (received.empty()) return tl::unexpected(read.error());
            return Reply{received.substr(content), false};
        }
    }
}

Status MllpClient::read_more(std::string& received) {
    std::array<char, 4096> buffer{};
    for (;;) {
        if (!wait()) {
            const auto within = format_duration(receiver_.timeout);
            if (watch_.unacknowledged() > 0)
                return fail("mllp", "took nothing more of the message for {}", within);
            return fail("mllp", "did not acknowledge within {}", within);
        }
        const auto n = receive(buffer.data(), buffer.size());
        if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (n <= 0) return fail("mllp", "closed the connection instead of acknowledging");
        received.append(buffer.data(), static_cast<std::size_t>(n));
        return {};
    }
}

}  // namespace hilum::delivery
