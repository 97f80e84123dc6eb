#include "results/delivery/sender.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>
#include <poll.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>

#include "base/confinement/replaced_places.h"
#include "base/digest.h"
#include "base/file_system.h"
#include "contract/messages/receiving.h"
#include "contract/messages/request_table.h"
#include "contract/messages/sending.h"
#include "dicom/dataset_reading.h"
#include "results/delivery/hl7_sender.h"
#include "results/delivery/storage_commitment_scu.h"
#include "results/delivery/tls_client.h"

namespace hilum::delivery {
namespace {

RemoteNode remote_node(const Configuration& configuration, const DestinationSettings& destination,
                       std::shared_ptr<Rendezvous> rendezvous) {
    return {configuration.node.ae_title, destination.ae_title, destination.host,     destination.port,
            destination.timeout,         tls_for(destination), std::move(rendezvous)};
}

Answer deliver(StorageScu& scu, const DeliverRequest& request, int file) {
    const auto digest = sha256_of_fd(file);
    if (!digest) return unreadable_result(request, digest.error());
    if (*digest != request.sha256) return damaged_result(request);
    const auto instance = SopInstance::load(file);
    // It is what was composed: what hinders is here, not in it. DCMTK tells no disk from a damaged file.
    if (!instance)
        return unreadable_result(request, {"unreadable", instance.error().message, instance.error().retry});
    if (instance->sop_class_uid() != request.sop_class_uid ||
        instance->sop_instance_uid() != request.sop_instance_uid)
        return {Outcome::unsendable, -1,
                fmt::format("the result file of {} holds another instance", request.sop_instance_uid)};
    return scu.store(*instance);
}

// A destination that gives an association answers, whatever it thinks of the Verification SOP class.
EchoReply echo(StorageScu& scu) {
    const auto answer = scu.echo();
    return {answer.outcome != Outcome::retry, answer.message};
}

// What a sender is: the coordinator's requests on one side, the destination on the other.
class Sender {
  public:
    Sender(Channel coordinator, RemoteNode node, const DestinationSettings& settings)
        : coordinator_(std::move(coordinator)),
          node_(std::move(node)),
          storage_(node_, progress_reports(coordinator_)),
          commitment_(
              node_, [this](CommitmentReport report) { return keep(std::move(report)); },
              progress_reports(coordinator_)) {
        for (const auto& [sop_class, syntax] : results_for(settings.reports))
            storage_.propose(sop_class, syntax);
    }

    // Serves until the channel closes, which is the error.
    Status run() {
        if (auto told = tell_certificates(coordinator_, node_.tls.get()); !told) return told;
        static constexpr std::array requests{
            request<&Sender::serve_delivery>(1), request<&Sender::serve_commitment>(),
            request<&Sender::serve_echo>(), request<&Sender::reload_certificates>()};
        for (;;) {
            auto message = next_message();
            if (!message) return tl::unexpected(message.error());
            if (auto there = check_place(Place::name_services); !there) return there;
            if (auto served = serve_request(*this, requests, std::move(*message)); !served) return served;
        }
    }

  private:
    Result<Message> next_message() {
        if (early_.empty())
            if (auto ready = wait_for_request(); !ready) return tl::unexpected(ready.error());
        if (early_.empty()) return coordinator_.receive();
        Message message = std::move(early_.front());
        early_.pop_front();
        return message;
    }

    // Waits until the coordinator has something. Meanwhile ends an association that has been idle for long or
    // that the destination wants ended, and hears what it says of storage commitment.
    Status wait_for_request() {
        for (;;) {
            pollfd watched[3] = {{coordinator_.fd(), POLLIN, 0},
                                 {storage_.socket(), POLLIN, 0},
                                 {commitment_.socket(), POLLIN, 0}};
            const bool associated = watched[1].fd >= 0 || watched[2].fd >= 0;
            const int ready =
                ::poll(watched, 3, associated ? static_cast<int>(idle_association_kept.count()) : -1);
            if (ready < 0 && errno != EINTR) return tl::unexpected(system_error(errno, "cannot poll"));
            if (ready > 0 && watched[0].revents != 0) return {};
            if (ready > 0 && watched[2].revents != 0) {
                commitment_.serve();
                if (!early_.empty()) return {};
            }
            if (ready == 0 || (ready > 0 && watched[1].revents != 0)) storage_.release();
            if (ready == 0) commitment_.release();
        }
    }

    // Some destinations serve one association at a time: what is not needed is released.
    Status serve_echo(const EchoRequest&, std::vector<UniqueFd>) {
        storage_.release();
        commitment_.release();
        return coordinator_.send(to_packet(echo(storage_)));
    }

    Status reload_certificates(const ReloadCertificates&, std::vector<UniqueFd>) {
        return node_.tls ? coordinator_.send(to_packet(node_.tls->reload())) : Status();
    }

    Status serve_commitment(const CommitmentRequest& request, std::vector<UniqueFd>) {
        storage_.release();
        const auto answer = commitment_.request(request.transaction_uid, request.instances);
        return coordinator_.send(
            to_packet(CommitmentReply{request.transaction_uid, answer.outcome == Outcome::delivered,
                                      answer.message, answer.no_association}));
    }

    Status serve_delivery(const DeliverRequest& request, std::vector<UniqueFd> file) {
        commitment_.release();
        const auto answer = deliver(storage_, request, file.front().get());
        return coordinator_.send(to_packet(reply_of(request, answer)));
    }

    // The coordinator may have sent a request before it read this: that one is served afterwards.
    Result<bool> keep(CommitmentReport report) {
        report.calling_ae = node_.called_ae_title;
        report.peer = node_.host;
        if (auto sent = coordinator_.send(to_packet(report)); !sent) return tl::unexpected(sent.error());
        for (;;) {
            auto message = coordinator_.receive();
            if (!message) return tl::unexpected(message.error());
            if (packet_type(*message) != CommitmentReportAnswer::type) {
                early_.push_back(std::move(*message));
                continue;
            }
            const auto answer = from_packet<CommitmentReportAnswer>(*message);
            if (!answer) return tl::unexpected(answer.error());
            if (!answer->kept) return fail_for_now("not_committed", "not committed");
            return answer->known;
        }
    }

    Channel coordinator_;
    RemoteNode node_;
    std::deque<Message> early_;  // requests that came while an answer was awaited
    StorageScu storage_;
    StorageCommitmentScu commitment_;
};

}  // namespace

DeliverReply reply_of(const DeliverRequest& request, const Answer& answer) {
    spdlog::log(answer.outcome == Outcome::delivered ? spdlog::level::info : spdlog::level::warn,
                "delivery {} of {}: {}", request.delivery, request.sop_instance_uid, answer.message);
    return {request.delivery, answer.outcome,        answer.dimse_status,
            answer.message,   answer.no_association, answer.retry};
}

std::function<void()> progress_reports(Channel& coordinator) {
    using Clock = std::chrono::steady_clock;
    return [&coordinator, told = Clock::time_point()]() mutable {
        if (Clock::now() - told < std::chrono::seconds(1)) return;
        told = Clock::now();
        (void)coordinator.send(to_packet(SendingProgress{}));  // whether it is gone, the reply tells
    };
}

std::set<ClassAndSyntax> results_for(const ReportSettings& reports) {
    std::set<ClassAndSyntax> results;
    if (reports.sr) results.emplace(sop_class_uid(reports.sr_class), UID_LittleEndianExplicitTransferSyntax);
    if (reports.sc) results.emplace(UID_SecondaryCaptureImageStorage, UID_LittleEndianExplicitTransferSyntax);
    if (reports.sc && reports.sc_style == CaptureStyle::presentation_state)
        results.emplace(UID_GrayscaleSoftcopyPresentationStateStorage,
                        UID_LittleEndianExplicitTransferSyntax);
    return results;
}

int run_sender(Channel coordinator, const Configuration& configuration, const std::string& destination,
               std::shared_ptr<Rendezvous> rendezvous) {
    const auto& all = configuration.destinations;
    const auto settings = std::find_if(all.begin(), all.end(), [&](const DestinationSettings& candidate) {
        return candidate.name == destination;
    });
    if (settings == all.end()) {
        spdlog::error("there is no destination named '{}' in the configuration", destination);
        return 1;
    }
    if (settings->reports.hl7) return exit_code_of("sender", serve_hl7_destination(coordinator, *settings));
    if (auto ready = prepare_dcmtk(); !ready) return exit_code_of("sender", ready.error());
    auto node = remote_node(configuration, *settings, std::move(rendezvous));
    return exit_code_of("sender", Sender(std::move(coordinator), std::move(node), *settings).run().error());
}

}  // namespace hilum::delivery
