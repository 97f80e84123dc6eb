#include "results/delivery/association.h"

#include <dcmtk/dcmnet/cond.h>
#include <dcmtk/dcmnet/dcmtrans.h>
#include <dcmtk/dcmnet/dimse.h>
#include <dcmtk/dcmnet/diutil.h>
#include <fmt/format.h>
#include <poll.h>

#include "base/uid.h"
#include "results/delivery/tcp_connection.h"

namespace hilum::delivery {
namespace {

constexpr auto goodbye = std::chrono::seconds(2);  // for A-RELEASE and A-ABORT

OFCondition propose(T_ASC_Parameters* parameters, const std::vector<ProposedContext>& contexts) {
    int id = 1;
    for (const auto& context : contexts) {
        std::vector<const char*> syntaxes;
        for (const auto& syntax : context.transfer_syntaxes) syntaxes.push_back(syntax.c_str());
        const auto added = ASC_addPresentationContext(
            parameters, static_cast<T_ASC_PresentationContextID>(id), context.abstract_syntax.c_str(),
            syntaxes.data(), static_cast<int>(syntaxes.size()));
        if (added.bad()) return added;
        id += 2;
    }
    return EC_Normal;
}

constexpr const char* association_step = "the request for an association";

// What speaks so, where it is no DICOM: every PDU begins with its type, 1 to 7 (PS3.8 9.3). Empty: it may be.
std::string protocol_of(const std::string& beginning) {
    if (beginning.empty() || (beginning[0] >= 1 && beginning[0] <= 7)) return {};
    if (beginning.starts_with("HTTP/")) return "it is a web server";
    if (beginning.starts_with("SSH-")) return "it is an SSH server";
    if (beginning.starts_with("\x15\x03") || beginning.starts_with("\x16\x03")) return "it wants TLS";
    std::string shown;
    for (const char c : beginning.substr(0, beginning.find_first_of("\r\n")))
        shown += c >= ' ' && c <= '~' ? c : '.';
    return "it says '" + shown + "'";
}

// DCMTK's text has one line for each level, "0006:031c TCP Initialization Error: Connection refused"; the
// last says most.
std::string reason_in(const OFCondition& condition) {
    std::string text = condition.text();
    if (const auto newline = text.rfind('\n'); newline != std::string::npos) text.erase(0, newline + 1);
    if (const auto colon = text.rfind(": "); colon != std::string::npos) text.erase(0, colon + 2);
    return text;
}

}  // namespace

OFCondition Association::open(const RemoteNode& node, const std::string& address,
                              const std::vector<ProposedContext>& contexts) {
    const int seconds = node.timeout_seconds();
    dcmConnectionTimeout.set(seconds);
    watch_.allow(node.timeout);
    OFCondition step = ASC_initializeNetwork(NET_REQUESTOR, 0, seconds, &network_);
    if (step.good()) step = ASC_setTransportLayer(network_, &layer_, 0);
    if (step.good()) step = ASC_createAssociationParameters(&parameters_, max_pdu);
    if (step.good())
        step = ASC_setAPTitles(parameters_, node.calling_ae_title.c_str(), node.called_ae_title.c_str(),
                               nullptr);
    if (step.good())
        step = ASC_setPresentationAddresses(parameters_, OFStandard::getHostName().c_str(), address.c_str());
    if (step.good()) step = propose(parameters_, contexts);
    if (step.bad()) return step;
    OFStandard::strlcpy(parameters_->ourImplementationClassUID, implementation_class_uid, sizeof(DIC_UI));
    OFStandard::strlcpy(parameters_->ourImplementationVersionName, implementation_version_name,
                        sizeof(DIC_SH));
    return ASC_requestAssociation(network_, parameters_, &association_, nullptr, nullptr, DUL_NOBLOCK,
                                  seconds);
}

tl::expected<std::string, Answer> Association::connect(const RemoteNode& node) {
    watch_.allow(node.timeout);
    auto connection = connect_to({node.text(), node.host, node.port, node.timeout});
    if (!connection) return tl::unexpected(std::move(connection.error()));
    std::optional<TlsStream> tls;
    if (node.tls) {
        watch_.watch(connection->get());
        watch_.limit(node.timeout);  // a peer that drips the handshake makes no progress
        auto secured = node.tls->connect(wire_, node.text());
        watch_.forget();
        if (!secured) return tl::unexpected(std::move(secured.error()));
        tls = std::move(*secured);
    }
    const auto rendezvous = node.rendezvous ? node.rendezvous : Rendezvous::open();
    if (!rendezvous)
        return tl::unexpected(
            Answer{Outcome::retry, -1, node.text() + ": " + rendezvous.error().message, true});
    return layer_.offer(*rendezvous, std::move(*connection), std::move(tls));
}

tl::expected<std::unique_ptr<Association>, Answer> Association::request(
    const RemoteNode& node, const std::vector<ProposedContext>& contexts, std::function<void()> on_progress) {
    std::unique_ptr<Association> association(new Association(std::move(on_progress)));
    const auto address = association->connect(node);
    if (!address) return tl::unexpected(address.error());
    const OFCondition opened = association->open(node, *address, contexts);
    if (opened.good()) return association;
    auto answer = association->request_failure(opened, node);
    answer.no_association = true;
    association->destroy();
    return tl::unexpected(std::move(answer));
}

Answer Association::request_failure(const OFCondition& condition, const RemoteNode& node) const {
    if (condition == DUL_ASSOCIATIONREJECTED) {
        T_ASC_RejectParameters rejection{};
        ASC_getRejectParameters(association_ ? association_->params : parameters_, &rejection);
        return answer_for_rejection(rejection.result == ASC_RESULT_REJECTEDPERMANENT, rejection.source,
                                    rejection.reason & 0xFF, node);
    }
    if (const auto other = protocol_of(layer_.beginning()); !other.empty())
        return {Outcome::retry, -1,
                fmt::format("{} answers, but is no DICOM node ({}): check the destination's port",
                            node.text(), other)};
    const auto why = failure(condition, node, association_step);
    if (node.tls && watch_.lost())
        return {Outcome::retry, -1,
                why +
                    ": it may refuse our certificate, or us for having none: see its log, and certificate "
                    "and key "
                    "of the destination's tls"};
    if (watch_.lost() && layer_.beginning().empty())
        return {Outcome::retry, -1,
                why + ": check that a DICOM node listens at this port, and that it lets this address in"};
    return {Outcome::retry, -1, why};
}

bool Association::was_silent(const OFCondition& condition) const {
    return watch_.timed_out() || condition.code() == DULC_READTIMEOUT ||
           condition.code() == DIMSEC_NODATAAVAILABLE;
}

std::string Association::failure(const OFCondition& condition, const RemoteNode& node,
                                 const std::string& step) const {
    if (watch_.timed_out() && watch_.unacknowledged() > 0)
        return fmt::format("{} took nothing more of {} for {}", node.text(), step,
                           format_duration(node.timeout));
    if (was_silent(condition))
        return fmt::format("{} did not answer {} within {}", node.text(), step,
                           format_duration(node.timeout));
    if (!watch_.lost() && condition.code() == DULC_PEERABORTEDASSOCIATION)
        return fmt::format("{} aborted the association instead of answering {}", node.text(), step);
    if (condition.code() == DULC_PEERREQUESTEDRELEASE)
        return fmt::format("{} released the association instead of answering {}", node.text(), step);
    if (watch_.lost() || condition.code() == DULC_NETWORKCLOSED)
        return fmt::format("{} closed the connection instead of answering {}", node.text(), step);
    return fmt::format("{} in the exchange with {} failed ({})", step, node.text(), reason_in(condition));
}

bool Association::has_data() {
    auto* const connection = DUL_getTransportConnection(association_->DULassociation);
    return connection != nullptr && connection->networkDataAvailable(0);
}

T_ASC_PresentationContextID Association::accepted(const std::string& abstract_syntax,
                                                  const std::string& transfer_syntax) {
    return ASC_findAcceptedPresentationContextID(association_, abstract_syntax.c_str(),
                                                 transfer_syntax.c_str());
}

void Association::release() {
    if (association_ == nullptr) return;
    watch_.limit(goodbye);
    // Where both ask for it at the same time, the requestor answers first (PS3.8 7.2.3).
    if (ASC_releaseAssociation(association_) == DUL_PEERREQUESTEDRELEASE)
        ASC_acknowledgeRelease(association_);
    destroy();
}

void Association::abort() {
    if (association_ == nullptr) return;
    watch_.limit(goodbye);
    if (watch_.socket() >= 0 && !watch_.lost()) ASC_abortAssociation(association_);
    destroy();
}

void Association::acknowledge_release() {
    watch_.limit(goodbye);
    if (ASC_acknowledgeRelease(association_).good())
        watch_.wait(POLLIN);  // closing is the peer's turn (PS3.8 9.2)
    destroy();
}

void Association::end(const OFCondition& condition) {
    if (association_ == nullptr) return;
    if (condition == DUL_PEERREQUESTEDRELEASE)
        acknowledge_release();
    else if (condition == DUL_PEERABORTEDASSOCIATION || condition == DUL_NETWORKCLOSED)
        destroy();
    else
        abort();
}

void Association::hear_end() {
    if (association_ == nullptr) return;
    watch_.limit(goodbye);
    T_DIMSE_Message message;
    T_ASC_PresentationContextID context = 0;
    const auto received =
        DIMSE_receiveCommand(association_, DIMSE_NONBLOCKING, goodbye.count(), &context, &message, nullptr);
    end(received);
}

void Association::destroy() {
    if (association_ != nullptr)
        ASC_destroyAssociation(&association_);
    else if (parameters_ != nullptr)
        ASC_destroyAssociationParameters(&parameters_);
    parameters_ = nullptr;
    if (network_ != nullptr) ASC_dropNetwork(&network_);
}

Association::~Association() {
    abort();
    destroy();
}

}  // namespace hilum::delivery
