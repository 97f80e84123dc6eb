#include "results/delivery/association.h"

#include <dcmtk/dcmnet/cond.h>
#include <dcmtk/dcmnet/diutil.h>
#include <fmt/format.h>

#include <algorithm>

#include "dicom/uid.h"

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

// DCMTK's text has one line for each level, "0006:031c TCP Initialization Error: Connection refused"; the
// last says most.
std::string reason_in(const OFCondition& condition) {
    std::string text = condition.text();
    if (const auto newline = text.rfind('\n'); newline != std::string::npos) text.erase(0, newline + 1);
    if (const auto colon = text.rfind(": "); colon != std::string::npos) text.erase(0, colon + 2);
    return text;
}

}  // namespace

OFCondition Association::open(const RemoteNode& node, const std::vector<ProposedContext>& contexts) {
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
        step = ASC_setPresentationAddresses(parameters_, OFStandard::getHostName().c_str(),
                                            fmt::format("{}:{}", node.host, node.port).c_str());
    if (step.good()) step = propose(parameters_, contexts);
    if (step.bad()) return step;
    OFStandard::strlcpy(parameters_->ourImplementationClassUID, implementation_class_uid, sizeof(DIC_UI));
    OFStandard::strlcpy(parameters_->ourImplementationVersionName, implementation_version_name,
                        sizeof(DIC_SH));
    return ASC_requestAssociation(network_, parameters_, &association_, nullptr, nullptr, DUL_NOBLOCK,
                                  seconds);
}

tl::expected<std::unique_ptr<Association>, Answer> Association::request(
    const RemoteNode& node, const std::vector<ProposedContext>& contexts) {
    std::unique_ptr<Association> association(new Association());
    const OFCondition opened = association->open(node, contexts);
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
    if (condition.code() == DULC_UNKNOWNHOST)
        return {
            Outcome::retry, -1,
            fmt::format("cannot find the host of {}: check the destination's host and the DNS", node.text())};
    if (!watch_.connected)
        return {Outcome::retry, -1,
                fmt::format("cannot connect to {} ({}): check that it runs, its host and port, and firewalls",
                            node.text(), reason_in(condition))};
    return {Outcome::retry, -1, failure(condition, node) + " when asked for an association"};
}

std::string Association::failure(const OFCondition& condition, const RemoteNode& node) const {
    if (watch_.timed_out || condition.code() == DULC_READTIMEOUT ||
        condition.code() == DIMSEC_NODATAAVAILABLE)
        return fmt::format("{} did not answer within {}", node.text(), format_duration(node.timeout));
    if (!watch_.reset && condition.code() == DULC_PEERABORTEDASSOCIATION)
        return fmt::format("{} aborted the association", node.text());
    if (condition.code() == DULC_PEERREQUESTEDRELEASE)
        return fmt::format("{} released the association instead of answering", node.text());
    if (watch_.reset || condition.code() == DULC_NETWORKCLOSED)
        return fmt::format("{} closed the connection", node.text());
    return fmt::format("the exchange with {} failed ({})", node.text(), reason_in(condition));
}

bool Association::has_data() {
    return ASC_dataWaiting(association_, 0);
}

T_ASC_PresentationContextID Association::accepted(const std::string& abstract_syntax,
                                                  const std::string& transfer_syntax) {
    return ASC_findAcceptedPresentationContextID(association_, abstract_syntax.c_str(),
                                                 transfer_syntax.c_str());
}

void Association::release() {
    if (association_ == nullptr) return;
    allow(goodbye);
    ASC_releaseAssociation(association_);
    destroy();
}

void Association::abort() {
    if (association_ == nullptr) return;
    allow(goodbye);
    if (watch_.socket >= 0 && !watch_.reset) ASC_abortAssociation(association_);
    destroy();
}

void Association::acknowledge_release() {
    if (association_ == nullptr) return;
    allow(goodbye);
    ASC_acknowledgeRelease(association_);
    destroy();
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
