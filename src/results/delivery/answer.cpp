#include "results/delivery/answer.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/file_system.h"
#include "results/delivery/host_lookup.h"

namespace hilum::delivery {
namespace {

// PS3.8 table 9-21: who rejected.
constexpr int service_user = 1;
constexpr int service_provider_presentation = 3;

bool is_warning(int status) {
    return (status & 0xF000) == 0xB000 || status == 0x0001 || status == 0x0107 || status == 0x0116;
}

std::string failure_text(int status) {
    if ((status & 0xFF00) == 0xA900) return "the data set does not match the SOP class";
    if ((status & 0xF000) == 0xC000) return "it cannot understand the data set";
    switch (status) {
        case 0x0117:
            return "it calls the SOP Instance UID invalid";
        case 0x0122:
            return "it does not support the SOP class";
        case 0x0124:
            return "this AE title is not authorized to store there; allow it at the destination";
        case 0x0210:
            return "it calls the message a duplicate invocation";
        case 0x0211:
            return "it does not know the operation C-STORE";
        case 0x0212:
            return "it calls an argument mistyped";
        default:
            return "it gives no reason that the standard knows";
    }
}

// Failures of the destination itself, none of the instance.
const char* passing_failure_text(int status) {
    if ((status & 0xFF00) == 0xA700) return "it is out of resources; check its disk space and load";
    switch (status) {
        case 0x0110:
            return "it had a processing failure; see its log";
        case 0x0213:
            return "it reached a limit of its resources";
        case 0xFE00:
            return "it cancelled the operation";
        default:
            return nullptr;
    }
}

std::string rejection_text(int source, int reason, const RemoteNode& node) {
    if (source == service_user) {
        if (reason == 3)
            return fmt::format("it does not know the calling AE title {}: add it there",
                               node.calling_ae_title);
        if (reason == 7)
            return fmt::format("it is not called {}: correct the destination's AE title",
                               node.called_ae_title);
        if (reason == 2) return "it does not support the DICOM application context";
    }
    if (source == service_provider_presentation) {
        if (reason == 1) return "it is congested for the moment";
        if (reason == 2) return "it has reached its limit of associations";
    }
    return fmt::format("it gives no reason; check that it accepts the AE title {} from this address",
                       node.calling_ae_title);
}

}  // namespace

int RemoteNode::timeout_seconds() const {
    return std::max(1, static_cast<int>(std::chrono::ceil<std::chrono::seconds>(timeout).count()));
}

std::string RemoteNode::text() const {
    return fmt::format("{} at {}", called_ae_title, host_and_port(host, port));
}

Answer answer_for_store_status(int status, const RemoteNode& node, const std::string& offending) {
    const auto about = offending.empty() ? std::string() : fmt::format(" (about {})", offending);
    if (status == 0x0000) return {Outcome::delivered, status, fmt::format("{} stored it", node.text())};
    if (status == 0x0111)
        return {Outcome::delivered, status, fmt::format("{} already had it (status 0111)", node.text())};
    if (is_warning(status))
        return {Outcome::delivered, status,
                fmt::format("{} stored it with the warning {:04X}{}", node.text(), status, about)};
    if (const char* why = passing_failure_text(status))
        return {Outcome::retry, status,
                fmt::format("{} could not store it (status {:04X}): {}", node.text(), status, why)};
    return {
        Outcome::refused, status,
        fmt::format("{} refused it (status {:04X}): {}{}", node.text(), status, failure_text(status), about)};
}

Answer unreadable_result(const DeliverRequest& request, const Error& error) {
    const bool ours = error.code == "out_of_memory" || error.code == "unreadable" || error.code == "system";
    return {ours ? Outcome::retry : Outcome::unsendable, -1,
            fmt::format("the result file of {} cannot be read: {}", request.sop_instance_uid, error.message),
            false, counted_unless_nodes(error)};
}

Answer damaged_result(const DeliverRequest& request) {
    return {Outcome::damaged, -1,
            fmt::format("the result file of {} is not what was composed (its digest is another)",
                        request.sop_instance_uid)};
}

Answer answer_for_rejection(bool permanent, int source, int reason, const RemoteNode& node) {
    return {Outcome::retry, -1,
            fmt::format("{} rejected the association {}: {}", node.text(),
                        permanent ? "permanently" : "for the moment", rejection_text(source, reason, node))};
}

}  // namespace hilum::delivery
