#include "results/delivery/hl7_sender.h"

#include <poll.h>
#include <spdlog/spdlog.h>

#include <array>
#include <cerrno>
#include <vector>

#include "base/confinement/replaced_places.h"
#include "base/digest.h"
#include "base/file_system.h"
#include "contract/messages/request_table.h"
#include "contract/messages/sending.h"
#include "results/delivery/mllp_client.h"
#include "results/delivery/sender.h"

namespace hilum::delivery {
namespace {

constexpr std::size_t longest_message = 4 << 20;  // bytes

Answer deliver(MllpClient& client, const DeliverRequest& request, int file) {
    const auto message = read_fd(file, longest_message);
    if (!message) return unreadable_result(request, message.error());
    if (sha256_hex(*message) != request.sha256) return damaged_result(request);
    return client.send(*message);
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

class Hl7Sender {
  public:
    Hl7Sender(Channel& coordinator, const DestinationSettings& destination)
        : coordinator_(coordinator),
          tls_(tls_for(destination)),
          client_({destination.name, destination.host, destination.port, destination.timeout, tls_},
                  progress_reports(coordinator)) {}

    Status begin() { return tell_certificates(coordinator_, tls_.get()); }

    Status serve_next() {
        static constexpr std::array requests{request<&Hl7Sender::serve_delivery>(1),
                                             request<&Hl7Sender::serve_echo>(),
                                             request<&Hl7Sender::reload_certificates>()};
        if (auto ready = wait_for_request(coordinator_.fd(), client_); !ready) return ready;
        if (auto there = check_place(Place::name_services); !there) return there;
        return coordinator_.receive().and_then(
            [this](Message message) { return serve_request(*this, requests, std::move(message)); });
    }

  private:
    Status serve_delivery(const DeliverRequest& request, std::vector<UniqueFd> file) {
        const auto answer = deliver(client_, request, file.front().get());
        return coordinator_.send(to_packet(reply_of(request, answer)));
    }

    Status reload_certificates(const ReloadCertificates&, std::vector<UniqueFd>) {
        return tls_ ? coordinator_.send(to_packet(tls_->reload())) : Status();
    }

    Status serve_echo(const EchoRequest&, std::vector<UniqueFd>) {
        const auto answer = client_.connect();
        return coordinator_.send(to_packet(EchoReply{answer.outcome == Outcome::delivered, answer.message}));
    }

    Channel& coordinator_;
    const std::shared_ptr<TlsClient> tls_;
    MllpClient client_;
};

}  // namespace

Error serve_hl7_destination(Channel& coordinator, const DestinationSettings& destination) {
    Hl7Sender sender(coordinator, destination);
    if (auto told = sender.begin(); !told) return told.error();
    for (;;)
        if (auto served = sender.serve_next(); !served) return served.error();
}

}  // namespace hilum::delivery
