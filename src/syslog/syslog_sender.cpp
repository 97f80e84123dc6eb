#include "syslog/syslog_sender.h"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <climits>
#include <memory>
#include <utility>
#include <vector>

#include "base/confinement/replaced_places.h"
#include "contract/messages/auditing.h"
#include "contract/messages/certificates.h"
#include "contract/messages/request_table.h"
#include "contract/messages/sending.h"
#include "syslog/audit_message.h"
#include "syslog/syslog_client.h"

namespace hilum::syslog {
namespace {

std::string this_host() {
    std::array<char, HOST_NAME_MAX + 1> name{};
    ::gethostname(name.data(), name.size() - 1);
    return name.front() == '\0' ? "localhost" : name.data();
}

std::shared_ptr<delivery::TlsClient> tls_client_for(const SyslogSettings& server) {
    if (server.protocol != SyslogProtocol::tls) return nullptr;
    return std::make_shared<delivery::TlsClient>("audit server " + server.name, server.host, server.tls);
}

// Once a second at most.
std::function<void()> tells_progress(Channel& coordinator) {
    using Clock = std::chrono::steady_clock;
    return [&coordinator, told = Clock::time_point()]() mutable {
        if (Clock::now() - told < std::chrono::seconds(1)) return;
        told = Clock::now();
        (void)coordinator.send(to_packet(SendingProgress{}));  // whether it is gone, the reply tells
    };
}

class SyslogSender {
  public:
    SyslogSender(Channel& coordinator, const Configuration& configuration, const SyslogSettings& server)
        : coordinator_(coordinator),
          server_(server),
          source_{server.source, server.enterprise_site, configuration.node.ae_title, this_host()},
          tls_(tls_client_for(server)),
          client_(server, tls_, tells_progress(coordinator)) {}

    // Until the channel closes, which is the error.
    Status run() {
        if (auto told = delivery::tell_certificates(coordinator_, tls_.get()); !told) return told;
        static constexpr std::array requests{request<&SyslogSender::serve_forward>(),
                                             request<&SyslogSender::reload_certificates>()};
        return serve_requests(coordinator_, *this, requests);
    }

  private:
    Status serve_forward(const ForwardRequest& request, std::vector<UniqueFd>) {
        if (auto there = check_place(Place::name_services); !there) return there;
        ForwardReply reply{request.batch, 0, ForwardOutcome::sent, ""};
        if (request.connection != 0 && (client_.connection() != request.connection || !client_.alive())) {
            client_.close();
            reply.outcome = ForwardOutcome::lost;
            reply.message = server_.name + " closed the connection";
        } else if (auto forwarded = forward(request); !forwarded) {
            reply.outcome = ForwardOutcome::failed;
            reply.message = forwarded.error().message;
        }
        reply.connection = client_.connection();
        return coordinator_.send(to_packet(reply));
    }

    Status forward(const ForwardRequest& request) {
        std::vector<std::string> messages;
        for (const auto& record : request.records)
            messages.push_back(syslog_message_of(record, source_, server_));
        if (request.connection == 0)
            if (auto opened = client_.open(); !opened) return opened;
        return messages.empty() ? Status() : client_.send(messages);
    }

    Status reload_certificates(const ReloadCertificates&, std::vector<UniqueFd>) {
        return tls_ ? coordinator_.send(to_packet(tls_->reload())) : Status();
    }

    Channel& coordinator_;
    const SyslogSettings& server_;
    const AuditSource source_;
    const std::shared_ptr<delivery::TlsClient> tls_;
    SyslogClient client_;
};

}  // namespace

int run_syslog_sender(Channel coordinator, const Configuration& configuration, const std::string& server) {
    const auto& all = configuration.audit.syslog;
    const auto settings = std::ranges::find(all, server, &SyslogSettings::name);
    if (settings == all.end()) {
        spdlog::error("there is no server named '{}' in audit.syslog", server);
        return 1;
    }
    return exit_code_of("syslog", SyslogSender(coordinator, configuration, *settings).run().error());
}

}  // namespace hilum::syslog
