#include "results/delivery/hl7_sender.h"

#include <poll.h>
#include <spdlog/spdlog.h>

#include <cerrno>

#include "base/file_system.h"
#include "contract/messages/sending.h"
#include "results/delivery/mllp_client.h"
#include "results/delivery/sender.h"

namespace hilum::delivery {
namespace {

constexpr std::size_t longest_message = 4 << 20;  // bytes

Answer deliver(MllpClient& client, const DeliverRequest& request, int file) {
    const auto message = read_fd(file, longest_message);
    if (!message)
        return {Outcome::retry, -1,
                fmt::format("the message of {} cannot be read: {}", request.sop_instance_uid,
                            message.error().message)};
    return client.send(*message);
}

Result<Packet> reply_to(MllpClient& client, const Message& message) {
    if (packet_type(message) == EchoRequest::type) {
        const auto answer = client.connect();
        return to_packet(EchoReply{answer.outcome == Outcome::delivered, answer.message});
    }
    return serve_delivery(message, [&](const DeliverRequest& request,
                                       int file) { return deliver(client, request, file); })
        .map([](const DeliverReply& reply) { return to_packet(reply); });
}

// Waits until the coordinator has something, and meanwhile closes a connection that has been idle for long or
// that the receiver closed.
Status wait_for_request(int channel, MllpClient& client) {
    for (;;) {
        pollfd watched[2] = {{channel, POLLIN, 0}, {client.socket(), POLLIN, 0}};
        const int ready =
            ::poll(watched, 2, watched[1].fd >= 0 ? static_cast<int>(idle_association_kept.count()) : -1);
        if (ready < 0 && errno != EINTR) return tl::unexpected(system_error(errno, "cannot poll"));
        if (ready > 0 && watched[0].revents != 0) return {};
        if (ready > 0 && watched[1].revents != 0) client.hear();
        if (ready == 0) client.close();
    }
}

Status serve_next(Channel& coordinator, MllpClient& client) {
    if (auto ready = wait_for_request(coordinator.fd(), client); !ready) return ready;
    const auto message = coordinator.receive();
    if (!message) return tl::unexpected(message.error());
    const auto reply = reply_to(client, *message);
    return reply ? coordinator.send(*reply) : Status(tl::unexpected(reply.error()));
}

}  // namespace

Error serve_hl7_destination(Channel& coordinator, const DestinationSettings& destination) {
    MllpClient client({destination.name, destination.host, destination.port, destination.timeout},
                      progress_reports(coordinator));
    for (;;)
        if (auto served = serve_next(coordinator, client); !served) return served.error();
}

}  // namespace hilum::delivery
