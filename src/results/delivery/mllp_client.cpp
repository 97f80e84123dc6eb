#include "results/delivery/mllp_client.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

#include "base/readiness.h"
#include "base/text.h"

namespace hilum::delivery {
namespace {

using Clock = std::chrono::steady_clock;

constexpr char start_of_block = '\x0B', end_of_block = '\x1C', carriage_return = '\r';
constexpr std::size_t longest_acknowledgement = 64 * 1024;
constexpr std::size_t most_error_codes = 5, longest_error_code = 10;

// A message's segments, each as its fields; of MSH the first field is the separator itself, as HL7 counts.
std::vector<std::vector<std::string>> segments_of(const std::string& message) {
    std::vector<std::vector<std::string>> segments;
    if (message.size() < 9 || !message.starts_with("MSH")) return segments;
    const char separator = message[3];
    for (const auto& line : split(message, carriage_return)) {
        auto fields = split(line, separator);
        if (fields.front() == "MSH") fields.insert(fields.begin() + 1, std::string(1, separator));
        segments.push_back(std::move(fields));
    }
    return segments;
}

std::string field(const std::vector<std::string>& segment, std::size_t number) {
    return number < segment.size() ? segment[number] : std::string();
}

// The identifiers of ERR-3 (CWE): "207", "101, 102".
std::string error_codes(const std::vector<std::vector<std::string>>& segments, char component) {
    std::string codes;
    std::size_t count = 0;
    for (const auto& segment : segments) {
        if (segment.front() != "ERR" || count == most_error_codes) continue;
        const auto code = split(field(segment, 3), component).front();
        const bool plain = !code.empty() && code.size() <= longest_error_code &&
                           std::ranges::all_of(code, [](unsigned char c) { return std::isalnum(c) != 0; });
        if (!plain) continue;
        codes += (count++ == 0 ? "" : ", ") + code;
    }
    return codes.empty() ? "" : " (ERR-3: " + codes + ")";
}

struct AddressesCloser {
    void operator()(addrinfo* addresses) const { ::freeaddrinfo(addresses); }
};

// Connected within the deadline, or errno.
Result<UniqueFd> connect_to(const addrinfo& address, Clock::time_point deadline) {
    UniqueFd fd(::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) return fail("system", "{}", std::strerror(errno));
    const int on = 1;
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(fd.get(), address.ai_addr, address.ai_addrlen) == 0) return fd;
    if (errno != EINPROGRESS) return fail("system", "{}", std::strerror(errno));
    if (!wait_for(fd.get(), POLLOUT, deadline)) return fail("system", "no answer in time");
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return fail("system", "{}", std::strerror(error));
    return fd;
}

}  // namespace

std::string MllpReceiver::text() const {
    return fmt::format("{} at {}:{}", name, host, port);
}

std::optional<std::string> message_control_id(const std::string& message) {
    const auto segments = segments_of(message);
    if (segments.empty() || field(segments.front(), 10).empty()) return std::nullopt;
    return field(segments.front(), 10);
}

Answer answer_for_acknowledgement(const std::string& acknowledgement, const std::string& control_id,
                                  const MllpReceiver& receiver) {
    const auto segments = segments_of(acknowledgement);
    const auto found = std::ranges::find_if(
        segments, [](const std::vector<std::string>& segment) { return segment.front() == "MSA"; });
    if (found == segments.end())
        return {Outcome::retry, -1, receiver.text() + " answered something that is no acknowledgement"};
    if (field(*found, 2) != control_id)
        return {Outcome::retry, -1,
                receiver.text() + " acknowledged another message than the one it was sent"};
    const auto code = field(*found, 1);
    const auto codes = error_codes(segments, acknowledgement[4]);
    if (code == "AA" || code == "CA") return {Outcome::delivered, -1, receiver.text() + " accepted it"};
    if (code == "AE" || code == "CE")
        return {Outcome::refused, -1,
                fmt::format("{} answers {}: it finds an error in the message{}; see its log", receiver.text(),
                            code, codes)};
    if (code == "AR" || code == "CR")
        return {
            Outcome::retry, -1,
            fmt::format("{} answers {}: it rejects the message{}; check hl7.version, hl7.processing_id and "
                        "the names of application and facility, or its log",
                        receiver.text(), code, codes)};
    return {Outcome::retry, -1,
            receiver.text() + " answered with an acknowledgement code that HL7 does not know"};
}

std::optional<Answer> MllpClient::open() {
    const auto deadline = Clock::now() + receiver_.timeout;
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV;
    addrinfo* list = nullptr;
    const int looked_up =
        ::getaddrinfo(receiver_.host.c_str(), std::to_string(receiver_.port).c_str(), &hints, &list);
    const std::unique_ptr<addrinfo, AddressesCloser> addresses(list);
    if (looked_up != 0)
        return Answer{Outcome::retry, -1,
                      fmt::format("cannot find the host of {}: check the destination's host and the DNS",
                                  receiver_.text()),
                      true};
    std::string why;
    for (const addrinfo* address = list; address != nullptr; address = address->ai_next) {
        auto connected = connect_to(*address, deadline);
        if (connected) {
            connection_ = std::move(*connected);
            return std::nullopt;
        }
        why = connected.error().message;
    }
    return Answer{
        Outcome::retry, -1,
        fmt::format("cannot connect to {} ({}): check that it runs, its host and port, and firewalls",
                    receiver_.text(), why),
        true};
}

Answer MllpClient::connect() {
    close();
    if (auto prevented = open()) return *prevented;
    close();
    return {Outcome::delivered, -1, receiver_.text() + " takes connections"};
}

void MllpClient::close() {
    connection_.reset();
}

Answer MllpClient::send(const std::string& message) {
    const auto control_id = message_control_id(message);
    if (!control_id) return {Outcome::unsendable, -1, "the result's file holds no HL7 message"};
    // Unasked, the receiver can only have closed it, or sent a late acknowledgement of something.
    if (connection_ && wait_for(connection_.get(), POLLIN, Clock::now())) close();
    if (!connection_)
        if (auto prevented = open()) return *prevented;
    auto answer = exchange(message, *control_id);
    // After a failed or a strange exchange what comes next on this connection would be taken for something
    // else.
    if (answer.outcome == Outcome::retry) close();
    return answer;
}

Answer MllpClient::exchange(const std::string& message, const std::string& control_id) {
    const auto deadline = Clock::now() + receiver_.timeout;
    if (const auto wrong = write(start_of_block + message + end_of_block + carriage_return, deadline))
        return {Outcome::retry, -1, fmt::format("{} {}", receiver_.text(), *wrong)};
    const auto acknowledgement = read_frame(deadline);
    if (!acknowledgement)
        return {Outcome::retry, -1, fmt::format("{} {}", receiver_.text(), acknowledgement.error().message)};
    return answer_for_acknowledgement(*acknowledgement, control_id, receiver_);
}

std::optional<std::string> MllpClient::write(const std::string& bytes, Deadline deadline) {
    for (std::size_t done = 0; done < bytes.size();) {
        if (!wait_for(connection_.get(), POLLOUT, deadline))
            return fmt::format("took the message not within {}", format_duration(receiver_.timeout));
        const auto n = ::send(connection_.get(), bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
        if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (n < 0) return std::string("closed the connection");
        done += static_cast<std::size_t>(n);
    }
    return std::nullopt;
}

// The content of one block.
Result<std::string> MllpClient::read_frame(Deadline deadline) {
    std::string received;
    std::array<char, 4096> buffer{};
    for (;;) {
        const auto end = received.find(std::string{end_of_block, carriage_return});
        if (end != std::string::npos) {
            const auto start = received.find(start_of_block);
            if (start == std::string::npos || start > end)
                return fail("mllp", "answered something that is not in MLLP");
            return received.substr(start + 1, end - start - 1);
        }
        if (received.size() > longest_acknowledgement) return fail("mllp", "answered without an end");
        if (!wait_for(connection_.get(), POLLIN, deadline))
            return fail("mllp", "did not acknowledge within {}", format_duration(receiver_.timeout));
        const auto n = ::recv(connection_.get(), buffer.data(), buffer.size(), 0);
        if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (n <= 0) return fail("mllp", "closed the connection instead of acknowledging");
        received.append(buffer.data(), static_cast<std::size_t>(n));
    }
}

}  // namespace hilum::delivery
