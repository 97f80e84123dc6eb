#include "results/delivery/storage_commitment_scu.h"

#include <dcmtk/dcmdata/dctk.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "results/delivery/association.h"

namespace hilum::delivery {
namespace {

constexpr DIC_US request_commitment_action = 1;  // PS3.4 J.3.2.1.1
constexpr int most_heard =
    1000;  // messages at once; a destination that never stops is not listened to for ever

// PS3.4 table J.3-1.
std::unique_ptr<DcmDataset> action_information(const std::string& transaction_uid,
                                               const std::vector<ReferencedInstance>& instances) {
    auto information = std::make_unique<DcmDataset>();
    information->putAndInsertString(DCM_TransactionUID, transaction_uid.c_str());
    for (const auto& instance : instances) {
        DcmItem* item = nullptr;
        if (information->findOrCreateSequenceItem(DCM_ReferencedSOPSequence, item, -2).bad()) continue;
        item->putAndInsertString(DCM_ReferencedSOPClassUID, instance.sop_class_uid.c_str());
        item->putAndInsertString(DCM_ReferencedSOPInstanceUID, instance.sop_instance_uid.c_str());
    }
    return information;
}

T_DIMSE_Message action_request(T_ASC_Association* association) {
    T_DIMSE_Message message{};
    message.CommandField = DIMSE_N_ACTION_RQ;
    auto& request = message.msg.NActionRQ;
    request.MessageID = association->nextMsgID++;
    request.DataSetType = DIMSE_DATASET_PRESENT;
    request.ActionTypeID = request_commitment_action;
    OFStandard::strlcpy(request.RequestedSOPClassUID, storage_commitment_sop_class_uid.data(),
                        sizeof(DIC_UI));
    OFStandard::strlcpy(request.RequestedSOPInstanceUID, storage_commitment_sop_instance_uid.data(),
                        sizeof(DIC_UI));
    return message;
}

}  // namespace

StorageCommitmentScu::StorageCommitmentScu(RemoteNode node, KeepCommitmentReport keep,
                                           std::function<void()> on_progress)
    : node_(std::move(node)), keep_(std::move(keep)), on_progress_(std::move(on_progress)) {}
StorageCommitmentScu::~StorageCommitmentScu() {
    release();
}

int StorageCommitmentScu::socket() const {
    return association_ ? association_->socket() : -1;
}

void StorageCommitmentScu::release() {
    hear();
    if (association_) association_->release();
    association_.reset();
}

// What the destination said meanwhile.
void StorageCommitmentScu::hear() {
    for (int i = 0; i < most_heard && association_ && association_->has_data(); ++i) serve();
}

Answer StorageCommitmentScu::request(const std::string& transaction_uid,
                                     const std::vector<ReferencedInstance>& instances) {
    hear();
    const bool reused = association_ != nullptr;
    auto answer = attempt(transaction_uid, instances);
    const bool died = reused && !association_ && answer.outcome == Outcome::retry;
    return died ? attempt(transaction_uid, instances) : answer;
}

Answer StorageCommitmentScu::attempt(const std::string& transaction_uid,
                                     const std::vector<ReferencedInstance>& instances) {
    if (!association_) {
        auto opened = Association::request(
            node_,
            {{std::string(storage_commitment_sop_class_uid),
              {UID_LittleEndianExplicitTransferSyntax, UID_LittleEndianImplicitTransferSyntax}}},
            on_progress_);
        if (!opened) return std::move(opened.error());
        association_ = std::move(*opened);
    }
    return exchange(transaction_uid, instances);
}

Answer StorageCommitmentScu::exchange(const std::string& transaction_uid,
                                      const std::vector<ReferencedInstance>& instances) {
    const auto context =
        ASC_findAcceptedPresentationContextID(association_->get(), storage_commitment_sop_class_uid.data());
    if (context == 0) {
        release();
        return {Outcome::refused, -1,
                fmt::format("{} does not offer storage commitment: enable it there, or set "
                            "storage_commitment.request to false",
                            node_.text())};
    }
    auto message = action_request(association_->get());
    const auto information = action_information(transaction_uid, instances);
    association_->allow(node_.timeout);
    const OFCondition sent = DIMSE_sendMessageUsingMemoryData(association_->get(), context, &message, nullptr,
                                                              information.get(), nullptr, nullptr, nullptr);
    return sent.good() ? await_response() : broken(sent);
}

// The answer to an earlier request may come before the response to this one.
Answer StorageCommitmentScu::await_response() {
    for (;;) {
        T_DIMSE_Message message;
        T_ASC_PresentationContextID context = 0;
        association_->allow(node_.timeout);
        if (const auto received = receive(message, context); received.bad()) return broken(received);
        if (message.CommandField == DIMSE_N_EVENT_REPORT_RQ) {
            if (!serve_event(message.msg.NEventReportRQ, context))
                return {Outcome::retry, -1, fmt::format("{} ended the association", node_.text())};
            continue;
        }
        if (message.CommandField != DIMSE_N_ACTION_RSP ||
            message.msg.NActionRSP.DataSetType != DIMSE_DATASET_NULL) {
            association_->abort();
            association_.reset();
            return {Outcome::retry, -1,
                    fmt::format("{} answered something else than was asked", node_.text())};
        }
        const int status = message.msg.NActionRSP.DimseStatus;
        if (status == STATUS_N_Success)
            return {Outcome::delivered, status, node_.text() + " took the request for storage commitment"};
        return {Outcome::refused, status,
                fmt::format("{} refuses storage commitment with status {:04X}", node_.text(), status)};
    }
}

OFCondition StorageCommitmentScu::receive(T_DIMSE_Message& message, T_ASC_PresentationContextID& context) {
    return DIMSE_receiveCommand(association_->get(), DIMSE_NONBLOCKING, node_.timeout_seconds(), &context,
                                &message, nullptr);
}

// False when the association is gone.
bool StorageCommitmentScu::serve_event(const T_DIMSE_N_EventReportRQ& request,
                                       T_ASC_PresentationContextID context) {
    const auto status =
        serve_commitment_event(*association_->get(), context, request, node_.timeout_seconds(), keep_);
    if (status) return true;
    spdlog::warn("storage commitment with {}: {}", node_.text(), status.error().message);
    association_->abort();
    association_.reset();
    return false;
}

void StorageCommitmentScu::serve() {
    T_DIMSE_Message message;
    T_ASC_PresentationContextID context = 0;
    association_->allow(node_.timeout);
    const auto received = receive(message, context);
    if (received.good() && message.CommandField == DIMSE_N_EVENT_REPORT_RQ) {
        (void)serve_event(message.msg.NEventReportRQ, context);
        return;
    }
    association_->end(received);  // whatever else it says, that was not asked
    association_.reset();
}

Answer StorageCommitmentScu::broken(const OFCondition& condition) {
    Answer answer{Outcome::retry, -1,
                  association_->failure(condition, node_, "the request for storage commitment")};
    association_->end(condition);
    association_.reset();
    return answer;
}

}  // namespace hilum::delivery
