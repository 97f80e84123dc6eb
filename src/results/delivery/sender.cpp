#include "results/delivery/sender.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>
#include <poll.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cerrno>

#include "base/file_system.h"
#include "dicom/dataset_reading.h"
#include "pipeline/types/messages.h"

namespace hilum::delivery {
namespace {

RemoteNode remote_node(const Configuration& configuration, const DestinationSettings& destination) {
    return {configuration.node.ae_title, destination.ae_title, destination.host, destination.port,
            destination.timeout};
}

const char* report_class(const std::string& setting) {
    if (setting == "comprehensive") return UID_ComprehensiveSRStorage;
    if (setting == "enhanced") return UID_EnhancedSRStorage;
    return UID_Comprehensive3DSRStorage;
}

// Waits until the coordinator has something, and meanwhile ends the association when it has been idle for
// long or the destination wants it ended.
Status wait_for_request(int channel, StorageScu& scu) {
    for (;;) {
        const int connection = scu.socket();
        pollfd watched[2] = {{channel, POLLIN, 0}, {connection, POLLIN, 0}};
        const int ready =
            ::poll(watched, 2, connection >= 0 ? static_cast<int>(idle_association_kept.count()) : -1);
        if (ready < 0 && errno != EINTR) return tl::unexpected(system_error(errno, "cannot poll"));
        if (ready > 0 && watched[0].revents != 0) return {};
        if (ready == 0 || (ready > 0 && watched[1].revents != 0)) scu.release();
    }
}

Answer deliver(StorageScu& scu, const DeliverRequest& request, int file) {
    const auto instance = SopInstance::load(file);
    if (!instance) {
        const auto& code = instance.error().code;
        const bool ours = code == "out_of_memory" || code == "unreadable" || code == "system";
        return {ours ? Outcome::retry : Outcome::unsendable, -1,
                fmt::format("the result file of {} cannot be read: {}", request.sop_instance_uid,
                            instance.error().message)};
    }
    if (instance->sop_class_uid() != request.sop_class_uid ||
        instance->sop_instance_uid() != request.sop_instance_uid)
        return {Outcome::unsendable, -1,
                fmt::format("the result file of {} holds another instance", request.sop_instance_uid)};
    return scu.store(*instance);
}

Result<DeliverReply> serve_delivery(StorageScu& scu, const Message& message) {
    const auto request = from_packet<DeliverRequest>(message);
    if (!request) return tl::unexpected(request.error());
    if (message.fds.size() != 1)
        return fail("protocol", "a delivery comes with one descriptor, not with {}", message.fds.size());
    const auto answer = deliver(scu, *request, message.fds.front().get());
    if (answer.outcome == Outcome::delivered)
        spdlog::info("delivery {} of {}: {}", request->delivery, request->sop_instance_uid, answer.message);
    else
        spdlog::warn("delivery {} of {}: {}", request->delivery, request->sop_instance_uid, answer.message);
    return DeliverReply{request->delivery, to_string(answer.outcome), answer.dimse_status, answer.message,
                        answer.no_association};
}

// A destination that gives an association answers, whatever it thinks of the Verification SOP class.
EchoReply serve_echo(StorageScu& scu) {
    const auto answer = scu.echo();
    return {answer.outcome != Outcome::retry, answer.message};
}

Status serve(Channel& coordinator, StorageScu& scu) {
    const auto message = coordinator.receive();
    if (!message) return tl::unexpected(message.error());
    if (packet_type(*message) == EchoRequest::type) return coordinator.send(to_packet(serve_echo(scu)));
    const auto reply = serve_delivery(scu, *message);
    if (!reply) return tl::unexpected(reply.error());
    return coordinator.send(to_packet(*reply));
}

int exit_code(const Error& error) {
    if (error.code == "closed") return 0;
    spdlog::error("the channel to the coordinator failed: {}", error.message);
    return 1;
}

}  // namespace

std::set<ClassAndSyntax> results_for(const ReportSettings& reports) {
    std::set<ClassAndSyntax> results;
    if (reports.sr)
        results.emplace(report_class(reports.sr_sop_class), UID_LittleEndianExplicitTransferSyntax);
    if (reports.sc) results.emplace(UID_SecondaryCaptureImageStorage, UID_LittleEndianExplicitTransferSyntax);
    if (reports.sc && reports.sc_style == "presentation_state")
        results.emplace(UID_GrayscaleSoftcopyPresentationStateStorage,
                        UID_LittleEndianExplicitTransferSyntax);
    return results;
}

int run_sender(Channel coordinator, const Configuration& configuration, const std::string& destination) {
    const auto& all = configuration.destinations;
    const auto settings = std::find_if(all.begin(), all.end(), [&](const DestinationSettings& candidate) {
        return candidate.name == destination;
    });
    if (settings == all.end()) {
        spdlog::error("there is no destination named '{}' in the configuration", destination);
        return 1;
    }
    prepare_dcmtk();
    StorageScu scu(remote_node(configuration, *settings));
    for (const auto& [sop_class, syntax] : results_for(settings->reports)) scu.propose(sop_class, syntax);
    for (;;) {
        if (auto ready = wait_for_request(coordinator.fd(), scu); !ready) return exit_code(ready.error());
        if (auto served = serve(coordinator, scu); !served) return exit_code(served.error());
    }
}

}  // namespace hilum::delivery
