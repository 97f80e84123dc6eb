#include "scp/receiver.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcdeftag.h>
#include <dcmtk/dcmnet/assoc.h>
#include <dcmtk/dcmnet/dimse.h>
#include <spdlog/spdlog.h>

#include <cstring>
#include <memory>
#include <new>

#include "base/logging.h"
#include "dicom/dataset_stream.h"
#include "dicom/storage_commitment.h"
#include "dicom/uid.h"
#include "scp/association_rejection.h"
#include "scp/commit_client.h"
#include "scp/presentation_contexts.h"
#include "scp/store_request_handler.h"
#include "scp/watched_connection.h"

namespace hilum::scp {
namespace {

constexpr int unlimited_seconds = 24 * 3600;  // for DCMTK, since the ReceiveWatch decides
constexpr std::chrono::seconds closing_time{2};
constexpr std::chrono::seconds idle_time_when_draining{1};

struct NetworkCloser {
    void operator()(T_ASC_Network* network) const { ASC_dropNetwork(&network); }
};
struct AssociationCloser {
    void operator()(T_ASC_Association* association) const {
        ASC_dropAssociation(association);
        ASC_destroyAssociation(&association);
    }
};

class Receiver {
  public:
    Receiver(UniqueFd connection, IpAddress peer, Channel coordinator, const Configuration& configuration,
             const AssociationPolicy& policy, Spool& spool)
        : settings_(configuration.scp),
          policy_(policy),
          spool_(spool),
          connection_(std::move(connection)),
          peer_(peer),
          coordinator_(std::move(coordinator)),
          watch_(coordinator_.fd()),
          transport_layer_(watch_) {}

    int run();

  private:
    enum class Outcome { go_on, released, ended, abort };

    OFCondition receive_association();
    bool admit();
    void reject(const AssociationRejection& rejection, const char* why);
    void serve();
    Outcome receive_message(StoreRequestHandler& store);
    Outcome end_of_messages(const OFCondition& condition);
    Outcome interrupted();
    Outcome answer_echo(const T_DIMSE_C_EchoRQ& request, T_ASC_PresentationContextID context);
    Outcome answer_store(T_DIMSE_C_StoreRQ& request, T_ASC_PresentationContextID context,
                         StoreRequestHandler& store);
    Outcome answer_event(const T_DIMSE_N_EventReportRQ& request, T_ASC_PresentationContextID context);
    bool receive_data_set(T_ASC_PresentationContextID context, StoreRequestHandler& store);
    OFCondition send_store_response(T_DIMSE_C_StoreRQ& request, T_ASC_PresentationContextID context,
                                    DimseStatus status);
    void abort();
    void report(const char* event, const char* code = "", const std::string& detail = {});
    std::uint64_t message_limit() const { return 2 * settings_.max_object_size + (16 << 20); }

    const ScpSettings& settings_;
    const AssociationPolicy& policy_;
    Spool& spool_;
    UniqueFd connection_;
    const IpAddress peer_;
    CommitClient coordinator_;
    ReceiveWatch watch_;
    WatchedTransportLayer transport_layer_;
    std::unique_ptr<T_ASC_Network, NetworkCloser> network_;
    std::unique_ptr<T_ASC_Association, AssociationCloser> association_;
    Caller caller_;
    int stored_ = 0, refused_ = 0;  // objects
};

void Receiver::report(const char* event, const char* code, const std::string& detail) {
    coordinator_.report({event, code, 0, caller_.calling_ae, peer_.text(), "", "", detail});
}

OFCondition Receiver::receive_association() {
    dcmExternalSocketHandle.set(connection_.get());
    T_ASC_Network* network = nullptr;
    OFCondition condition = ASC_initializeNetwork(NET_ACCEPTOR, 0, unlimited_seconds, &network);
    network_.reset(network);
    if (condition.good()) condition = ASC_setTransportLayer(network, &transport_layer_, 0);
    if (condition.bad()) return condition;

    connection_.release();  // to DCMTK
    watch_.expect_within(settings_.association_timeout);
    T_ASC_Association* association = nullptr;
    condition = ASC_receiveAssociation(network, &association, settings_.max_pdu, nullptr, nullptr, OFFalse,
                                       DUL_NOBLOCK, unlimited_seconds);
    association_.reset(association);
    return condition;
}

int Receiver::run() {
    caller_.peer = peer_.text();
    const OFCondition condition = receive_association();
    if (condition.good() && association_->params->DULparams.applicationContextName[0] == '\0') {
        // DCMTK calls it good when the peer closes before it sent anything, as load balancers' probes do.
        spdlog::debug("{} closed the connection without an association", caller_.peer);
    } else if (condition.good()) {
        if (admit()) serve();
    } else if (watch_.interruption() == Interruption::timed_out) {
        spdlog::info("{} opened no association within {}", caller_.peer,
                     format_duration(settings_.association_timeout));
        report("timeout", "association");
    } else if (condition == DUL_NETWORKCLOSED || condition == DUL_PEERABORTEDASSOCIATION ||
               watch_.interruption() == Interruption::woken) {
        spdlog::debug("{} closed the connection without an association", caller_.peer);
    } else {
        spdlog::info("{} does not speak DICOM: {}", caller_.peer, loggable(condition.text()));
        report("not_dicom", "", loggable(condition.text()));
    }
    watch_.expect_within(closing_time);
    return 0;
}

void Receiver::reject(const AssociationRejection& rejection, const char* why) {
    spdlog::warn("association from {} ({}) rejected: {}", loggable(caller_.calling_ae), caller_.peer, why);
    // DCMTK's values for reasons have the source in the upper byte.
    const T_ASC_RejectParameters parameters{
        static_cast<T_ASC_RejectParametersResult>(rejection.result),
        static_cast<T_ASC_RejectParametersSource>(rejection.source),
        static_cast<T_ASC_RejectParametersReason>(rejection.source << 8 | rejection.reason)};
    watch_.expect_within(closing_time);
    ASC_rejectAssociation(association_.get(), &parameters);
    ASC_dataWaiting(association_.get(),
                    unlimited_seconds);  // the peer's closing, so that it reads the rejection
}

// Asks the policy and the coordinator, and answers the A-ASSOCIATE-RQ.
bool Receiver::admit() {
    T_ASC_Parameters& parameters = *association_->params;
    const std::string called_ae(trimmed_ae_title(parameters.DULparams.calledAPTitle));
    caller_.calling_ae = trimmed_ae_title(parameters.DULparams.callingAPTitle);
    const Verdict verdict = policy_.judge(caller_.calling_ae, called_ae, peer_);
    const auto let_in = coordinator_.request_association(
        {caller_.calling_ae, called_ae, caller_.peer, std::string(rejection_code(verdict))});

    if (verdict == Verdict::unknown_caller) {
        reject(rejections::calling_ae_title, "scp.accept does not have this caller");
    } else if (verdict == Verdict::called_ae_title) {
        reject(rejections::called_ae_title, "it calls another AE title than ours");
    } else if (std::strcmp(parameters.DULparams.applicationContextName, UID_StandardApplicationContext) !=
               0) {
        reject(rejections::application_context, "unknown application context");
    } else if (!let_in || !*let_in) {
        reject(rejections::local_limit,
               let_in ? "scp.max_associations are open, or the node drains" : "the coordinator is gone");
    } else {
        ASC_setAPTitles(&parameters, nullptr, nullptr, called_ae.c_str());
        std::strncpy(parameters.ourImplementationClassUID, implementation_class_uid,
                     sizeof parameters.ourImplementationClassUID - 1);
        std::strncpy(parameters.ourImplementationVersionName, implementation_version_name,
                     sizeof parameters.ourImplementationVersionName - 1);
        const int accepted = negotiate(parameters);
        spdlog::debug("association from {} ({}): {} presentation contexts accepted",
                      loggable(caller_.calling_ae), caller_.peer, accepted);
        return ASC_acknowledgeAssociation(association_.get()).good();
    }
    return false;
}

void Receiver::serve() {
    StoreRequestHandler store(spool_, coordinator_, settings_, caller_);
    Outcome outcome = Outcome::go_on;
    while (outcome == Outcome::go_on) {
        const Duration idle =
            coordinator_.draining() ? Duration(idle_time_when_draining) : settings_.idle_timeout;
        watch_.expect_message(idle, settings_.idle_timeout, message_limit());
        outcome = receive_message(store);
        if (outcome == Outcome::go_on && coordinator_.gone()) {
            spdlog::warn("association from {} ended: the coordinator is gone", loggable(caller_.calling_ae));
            outcome = Outcome::abort;
        }
    }
    if (outcome == Outcome::abort) abort();
    if (outcome == Outcome::released)
        report("association_released");
    else
        report("association_aborted");
    spdlog::info("association from {} ({}) ended: {} objects taken, {} refused", loggable(caller_.calling_ae),
                 caller_.peer, stored_, refused_);
}

Receiver::Outcome Receiver::receive_message(StoreRequestHandler& store) {
    T_DIMSE_Message message;
    T_ASC_PresentationContextID context = 0;
    const OFCondition condition = DIMSE_receiveCommand(association_.get(), DIMSE_NONBLOCKING,
                                                       unlimited_seconds, &context, &message, nullptr);
    if (condition != EC_Normal) return end_of_messages(condition);
    switch (message.CommandField) {
        case DIMSE_C_ECHO_RQ:
            return answer_echo(message.msg.CEchoRQ, context);
        case DIMSE_C_STORE_RQ:
            return answer_store(message.msg.CStoreRQ, context, store);
        case DIMSE_N_EVENT_REPORT_RQ:
            return answer_event(message.msg.NEventReportRQ, context);
        default:
            spdlog::warn("association from {}: command {:04X}, which was not negotiated",
                         loggable(caller_.calling_ae), static_cast<unsigned>(message.CommandField));
            return Outcome::abort;
    }
}

Receiver::Outcome Receiver::end_of_messages(const OFCondition& condition) {
    if (watch_.interruption() != Interruption::none) return interrupted();
    if (condition == DUL_PEERREQUESTEDRELEASE) {
        watch_.expect_within(closing_time);
        ASC_acknowledgeRelease(association_.get());
        ASC_dataWaiting(association_.get(), unlimited_seconds);  // closing is the peer's turn (PS3.8 9.2)
        return Outcome::released;
    }
    if (condition == DUL_PEERABORTEDASSOCIATION) return Outcome::ended;
    spdlog::info("association from {} ({}): {}", loggable(caller_.calling_ae), caller_.peer,
                 loggable(condition.text()));
    return Outcome::abort;
}

Receiver::Outcome Receiver::interrupted() {
    if (watch_.interruption() == Interruption::woken) {
        coordinator_.read_notices();
        return Outcome::go_on;
    }
    if (watch_.interruption() == Interruption::timed_out && !coordinator_.draining()) {
        spdlog::info("association from {} ({}): no message within {}", loggable(caller_.calling_ae),
                     caller_.peer, format_duration(settings_.idle_timeout));
        report("timeout", "idle");
    }
    return Outcome::abort;
}

Receiver::Outcome Receiver::answer_echo(const T_DIMSE_C_EchoRQ& request,
                                        T_ASC_PresentationContextID context) {
    report("echo");
    auto copy = request;
    const auto sent = DIMSE_sendEchoResponse(association_.get(), context, &copy, STATUS_Success, nullptr);
    return sent.good() ? Outcome::go_on : Outcome::ended;
}

Receiver::Outcome Receiver::answer_event(const T_DIMSE_N_EventReportRQ& request,
                                         T_ASC_PresentationContextID context) {
    const auto keep = [this](CommitmentReport report) {
        report.calling_ae = caller_.calling_ae;
        report.peer = caller_.peer;
        return coordinator_.keep(report);
    };
    const auto status = serve_commitment_event(*association_, context, request, unlimited_seconds, keep);
    if (!status) return watch_.interruption() == Interruption::none ? Outcome::abort : interrupted();
    report(*status == STATUS_N_Success ? "commitment_reported" : "commitment_refused");
    return Outcome::go_on;
}

// False when the association died or went astray in it.
bool Receiver::receive_data_set(T_ASC_PresentationContextID context, StoreRequestHandler& store) {
    DatasetConsumer consumer([&](std::span<const std::byte> bytes) { store.receive(bytes); });
    DatasetStream stream(consumer);
    T_ASC_PresentationContextID data_context = 0;
    const OFCondition condition = DIMSE_receiveDataSetInFile(
        association_.get(), DIMSE_NONBLOCKING, unlimited_seconds, &data_context, &stream, nullptr, nullptr);
    return condition.good() && data_context == context;
}

Receiver::Outcome Receiver::answer_store(T_DIMSE_C_StoreRQ& request, T_ASC_PresentationContextID context,
                                         StoreRequestHandler& store) {
    T_ASC_PresentationContext negotiated;
    if (ASC_findAcceptedPresentationContext(association_->params, context, &negotiated).bad() ||
        request.DataSetType == DIMSE_DATASET_NULL)
        return Outcome::abort;
    store.begin({request.AffectedSOPClassUID, request.AffectedSOPInstanceUID, negotiated.abstractSyntax,
                 find_transfer_syntax(negotiated.acceptedTransferSyntax)});
    if (!receive_data_set(context, store)) {
        store.abandon();
        spdlog::warn("association from {} ({}) died within an object", loggable(caller_.calling_ae),
                     caller_.peer);
        return watch_.interruption() == Interruption::none ? Outcome::abort : interrupted();
    }
    const DimseStatus status = store.end().status();
    ++(status == DimseStatus::success ? stored_ : refused_);
    return send_store_response(request, context, status).good() ? Outcome::go_on : Outcome::ended;
}

OFCondition Receiver::send_store_response(T_DIMSE_C_StoreRQ& request, T_ASC_PresentationContextID context,
                                          DimseStatus status) {
    T_DIMSE_C_StoreRSP response{};
    response.MessageIDBeingRespondedTo = request.MessageID;
    response.DimseStatus = static_cast<DIC_US>(status);
    response.DataSetType = DIMSE_DATASET_NULL;
    std::memcpy(response.AffectedSOPClassUID, request.AffectedSOPClassUID,
                sizeof response.AffectedSOPClassUID);
    std::memcpy(response.AffectedSOPInstanceUID, request.AffectedSOPInstanceUID,
                sizeof response.AffectedSOPInstanceUID);
    response.opts = O_STORE_AFFECTEDSOPCLASSUID | O_STORE_AFFECTEDSOPINSTANCEUID;
    DcmDataset detail;
    if (status != DimseStatus::success)
        detail.putAndInsertString(DCM_ErrorComment, std::string(error_comment(status)).c_str());
    return DIMSE_sendStoreResponse(association_.get(), context, &request, &response,
                                   status == DimseStatus::success ? nullptr : &detail);
}

void Receiver::abort() {
    watch_.expect_within(closing_time);
    ASC_abortAssociation(association_.get());
}

}  // namespace

int run_receiver(UniqueFd connection, Channel coordinator, const Configuration& configuration,
                 const AssociationPolicy& policy, Spool& spool) {
    const auto peer = IpAddress::of_peer(connection.get());
    if (!peer) return 0;  // it is gone again
    dcmDisableGethostbyaddr.set(OFTrue);
    const auto send_timeout = std::chrono::ceil<std::chrono::seconds>(configuration.scp.idle_timeout).count();
    dcmSocketSendTimeout.set(static_cast<Sint32>(send_timeout));
    try {
        return Receiver(std::move(connection), *peer, std::move(coordinator), configuration, policy, spool)
            .run();
    } catch (const std::bad_alloc&) {
        spdlog::error("the receiver of {} ran out of memory", peer->text());
    } catch (const std::exception& error) {
        spdlog::error("the receiver of {} failed: {}", peer->text(), loggable(error.what()));
    }
    return 1;
}

}  // namespace hilum::scp
