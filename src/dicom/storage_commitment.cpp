#include "dicom/storage_commitment.h"

#include <spdlog/spdlog.h>

#include <cstring>

#include "base/file_system.h"
#include "base/uid.h"
#include "dicom/dataset_reading.h"
#include "dicom/stream/dataset_stream.h"
#include "dicom/stream/header_scan.h"
#include "dicom/stream/spliced_file.h"

namespace hilum {
namespace {

constexpr int successful_event = 1;  // PS3.4 J.3.3.1.1
constexpr int failures_exist_event = 2;

constexpr HeaderScanLimits event_limits{
    .depth = 8, .elements = 100'000, .inflated_size = largest_commitment_event, .digest = false};

// DCMTK believes lengths: it sees what the scan saw, without what the scan read over.
Result<std::unique_ptr<DcmDataset>> parse(std::span<const std::byte> data_set,
                                          const TransferSyntax& transfer_syntax) {
    const auto memory = make_memfd("hilum-event", data_set);
    if (!memory) return tl::unexpected(memory.error());
    const auto scanned = scan_header(memory->get(), 0, data_set.size(), transfer_syntax, event_limits);
    if (!scanned) return tl::unexpected(scanned.error());
    const FileReads reads;
    const auto stream = open_spliced_file(memory->get(), scanned->mends.splices, reads);
    if (!stream) return tl::unexpected(stream.error());
    auto parsed = std::make_unique<DcmDataset>();
    parsed->transferInit();
    const auto read =
        parsed->read(**stream, DcmXfer(std::string(transfer_syntax.uid).c_str()).getXfer(), EGL_noChange);
    parsed->transferEnd();
    if (read.bad()) return fail("malformed", "the event's data set cannot be parsed ({})", read.text());
    return parsed;
}

Result<std::string> uid_of(DcmItem& item, const DcmTagKey& tag) {
    const auto uid = Uid::parse(text_of(item, tag));
    if (!uid) return fail("malformed", "the event lacks a UID in {}", DcmTag(tag).getTagName());
    return uid->value();
}

Result<std::vector<DcmItem*>> listed(DcmItem& item, const DcmTagKey& sequence) {
    auto items = items_of(item, sequence);
    if (items.size() > most_committed_instances)
        return fail("too_large", "the event names more than {} instances", most_committed_instances);
    return items;
}

// The data set, nothing when it was longer than allowed, or an error when the association broke.
Result<std::optional<std::vector<std::byte>>> receive_data_set(T_ASC_Association& association,
                                                               T_ASC_PresentationContextID context,
                                                               int seconds) {
    std::vector<std::byte> bytes;
    bool too_large = false;
    DatasetConsumer consumer([&](std::span<const std::byte> more) {
        too_large = too_large || bytes.size() + more.size() > largest_commitment_event;
        if (!too_large) bytes.insert(bytes.end(), more.begin(), more.end());
    });
    DatasetStream stream(consumer);
    T_ASC_PresentationContextID data_context = 0;
    const OFCondition received = DIMSE_receiveDataSetInFile(&association, DIMSE_NONBLOCKING, seconds,
                                                            &data_context, &stream, nullptr, nullptr);
    if (received.bad() || data_context != context)
        return fail("association", "the association ended within an event's data set");
    if (too_large) return std::optional<std::vector<std::byte>>();
    return std::optional(std::move(bytes));
}

OFCondition answer(T_ASC_Association& association, T_ASC_PresentationContextID context,
                   const T_DIMSE_N_EventReportRQ& request, std::uint16_t status) {
    T_DIMSE_Message message{};
    message.CommandField = DIMSE_N_EVENT_REPORT_RSP;
    auto& response = message.msg.NEventReportRSP;
    response.MessageIDBeingRespondedTo = request.MessageID;
    response.DimseStatus = status;
    response.DataSetType = DIMSE_DATASET_NULL;
    response.EventTypeID = request.EventTypeID;
    std::memcpy(response.AffectedSOPClassUID, request.AffectedSOPClassUID, sizeof(DIC_UI));
    std::memcpy(response.AffectedSOPInstanceUID, request.AffectedSOPInstanceUID, sizeof(DIC_UI));
    response.opts = O_NEVENTREPORT_AFFECTEDSOPCLASSUID | O_NEVENTREPORT_AFFECTEDSOPINSTANCEUID |
                    O_NEVENTREPORT_EVENTTYPEID;
    return DIMSE_sendMessageUsingMemoryData(&association, context, &message, nullptr, nullptr, nullptr,
                                            nullptr);
}

}  // namespace

Result<CommitmentReport> parse_commitment_report(std::span<const std::byte> data_set,
                                                 const TransferSyntax& transfer_syntax) {
    auto parsed = parse(data_set, transfer_syntax);
    if (!parsed) return tl::unexpected(parsed.error());
    CommitmentReport report;
    auto transaction = uid_of(**parsed, DCM_TransactionUID);
    if (!transaction) return tl::unexpected(transaction.error());
    report.transaction_uid = std::move(*transaction);
    const auto committed = listed(**parsed, DCM_ReferencedSOPSequence);
    const auto failed = listed(**parsed, DCM_FailedSOPSequence);
    if (!committed) return tl::unexpected(committed.error());
    if (!failed) return tl::unexpected(failed.error());
    for (DcmItem* item : *committed) {
        auto uid = uid_of(*item, DCM_ReferencedSOPInstanceUID);
        if (!uid) return tl::unexpected(uid.error());
        report.committed.push_back(std::move(*uid));
    }
    for (DcmItem* item : *failed) {
        auto uid = uid_of(*item, DCM_ReferencedSOPInstanceUID);
        if (!uid) return tl::unexpected(uid.error());
        report.failed.push_back(
            {std::move(*uid), static_cast<int>(integer_of(*item, DCM_FailureReason).value_or(0))});
    }
    return report;
}

std::uint16_t answer_to(const CommitmentEvent& event, const std::optional<std::vector<std::byte>>& data_set,
                        const TransferSyntax* transfer_syntax, const KeepCommitmentReport& keep) {
    if (event.affected_sop_class_uid != storage_commitment_sop_class_uid) return STATUS_N_NoSuchSOPClass;
    if (event.affected_sop_instance_uid != storage_commitment_sop_instance_uid)
        return STATUS_N_NoSuchSOPInstance;
    if (event.event_type_id != successful_event && event.event_type_id != failures_exist_event)
        return STATUS_N_NoSuchEventType;
    if (transfer_syntax == nullptr || !data_set) return STATUS_N_InvalidArgumentValue;
    auto report = parse_commitment_report(*data_set, *transfer_syntax);
    if (!report) {
        spdlog::warn("a storage commitment report was refused: {}: {}", report.error().code,
                     report.error().message);
        return STATUS_N_InvalidArgumentValue;
    }
    const auto kept = keep(std::move(*report));
    if (!kept) return STATUS_N_ProcessingFailure;
    return *kept ? STATUS_N_Success : STATUS_N_InvalidArgumentValue;
}

Result<std::uint16_t> serve_commitment_event(T_ASC_Association& association,
                                             T_ASC_PresentationContextID context,
                                             const T_DIMSE_N_EventReportRQ& request, int seconds,
                                             const KeepCommitmentReport& keep) {
    std::optional<std::vector<std::byte>> data_set;
    if (request.DataSetType != DIMSE_DATASET_NULL) {
        auto received = receive_data_set(association, context, seconds);
        if (!received) return tl::unexpected(received.error());
        data_set = std::move(*received);
    }
    T_ASC_PresentationContext negotiated;
    const bool known = ASC_findAcceptedPresentationContext(association.params, context, &negotiated).good();
    const auto status =
        answer_to({request.AffectedSOPClassUID, request.AffectedSOPInstanceUID, request.EventTypeID},
                  data_set, known ? find_transfer_syntax(negotiated.acceptedTransferSyntax) : nullptr, keep);
    if (const auto sent = answer(association, context, request, status); sent.bad())
        return fail("association", "the answer to an event could not be sent ({})", sent.text());
    return status;
}

}  // namespace hilum
