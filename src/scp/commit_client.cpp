#include "scp/commit_client.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>

namespace hilum::scp {
namespace {

using Clock = std::chrono::steady_clock;

// Whether there is something to read, or the peer is gone, before the deadline.
bool wait_readable(int fd, Clock::time_point deadline) {
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
        pollfd poll_fd{fd, POLLIN, 0};
        const int ready = ::poll(&poll_fd, 1, static_cast<int>(std::max<std::int64_t>(left, 0)));
        if (ready > 0) return true;
        if (ready == 0 || errno != EINTR) return false;
    }
}

}  // namespace

bool CommitClient::is_notice(const Message& message) {
    const bool drain = packet_type(message) == Drain::type;
    draining_ = draining_ || drain;
    return drain;
}

Status CommitClient::send(const Packet& packet) {
    if (gone_) return fail_for_now("closed", "the coordinator is gone");
    auto sent = channel_.send(packet);
    if (!sent) gone_ = true;
    return sent;
}

Result<Message> CommitClient::receive_answer() {
    const auto deadline = Clock::now() + patience_;
    while (wait_readable(channel_.fd(), deadline)) {
        auto message = channel_.receive();
        if (message && is_notice(*message)) continue;
        gone_ = !message;
        return message;
    }
    gone_ = true;  // a late answer would be taken for the next one's
    return fail_for_now("closed", "the coordinator does not answer");
}

Result<AssociationAnswer> CommitClient::request_association(const AssociationRequested& request) {
    if (auto sent = send(to_packet(request)); !sent) return tl::unexpected(sent.error());
    const auto message = receive_answer();
    if (!message) return tl::unexpected(message.error());
    return from_packet<AssociationAnswer>(*message);
}

Result<Durable> CommitClient::exchange(const Packet& packet) {
    if (auto sent = send(packet); !sent) return tl::unexpected(sent.error());
    const auto message = receive_answer();
    if (!message) return fail_for_now("commit_unknown", "{}", message.error().message);
    const auto answer = from_packet<StoreAnswer>(*message);
    if (!answer) {
        gone_ = true;
        return fail_for_now("commit_unknown", "{}", answer.error().message);
    }
    if (!answer->committed)
        return fail_for_now(answer->error ? answer->error->code : "not_committed", "not committed");
    return Durable(answer->keep_file, answer->outcome);
}

Result<Durable> CommitClient::commit(const StoreCommit& request) {
    return exchange(to_packet(request));
}

Result<Durable> CommitClient::discard(const DiscardCommit& request) {
    return exchange(to_packet(request));
}

Result<bool> CommitClient::keep(const CommitmentReport& report) {
    if (auto sent = send(to_packet(report)); !sent) return tl::unexpected(sent.error());
    const auto message = receive_answer();
    if (!message) return tl::unexpected(message.error());
    const auto answer = from_packet<CommitmentReportAnswer>(*message);
    if (!answer) {
        gone_ = true;
        return tl::unexpected(answer.error());
    }
    if (!answer->kept) return fail_for_now("not_committed", "not committed");
    return answer->known;
}

void CommitClient::report(const ReceiverEvent& event) {
    pollfd channel{channel_.fd(), POLLOUT, 0};
    if (::poll(&channel, 1, 0) > 0) (void)send(to_packet(event));
}

void CommitClient::read_notices() {
    while (!gone_ && wait_readable(channel_.fd(), Clock::now())) {
        const auto message = channel_.receive();
        gone_ =
            !message || !is_notice(*message);  // an answer that nobody asked for ends the conversation, too
    }
}

}  // namespace hilum::scp
