#include "unit/results/delivery/scripted_scp.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcostrmb.h>
#include <dcmtk/dcmdata/dctk.h>
#include <dcmtk/dcmnet/assoc.h>
#include <dcmtk/dcmnet/dimse.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <tuple>

#include "support/loopback.h"

namespace hilum::test {
namespace {

bool wait_readable(int fd, int stop) {  // false when told to stop
    pollfd watched[2] = {{fd, POLLIN, 0}, {stop, POLLIN, 0}};
    while (::poll(watched, 2, -1) < 0) {
    }
    return watched[1].revents == 0;
}

std::string as_implicit_little_endian(DcmDataset& dataset) {
    std::string bytes(16 << 20, '\0');
    DcmOutputBufferStream stream(bytes.data(), static_cast<offile_off_t>(bytes.size()));
    dataset.transferInit();
    dataset.write(stream, EXS_LittleEndianImplicit, EET_ExplicitLength, nullptr);
    dataset.transferEnd();
    void* start = nullptr;
    offile_off_t length = 0;
    stream.flushBuffer(start, length);
    return bytes.substr(0, static_cast<std::size_t>(length));
}

void reject(T_ASC_Association* association, bool permanent) {
    T_ASC_RejectParameters parameters{};
    parameters.result = permanent ? ASC_RESULT_REJECTEDPERMANENT : ASC_RESULT_REJECTEDTRANSIENT;
    parameters.source = permanent ? ASC_SOURCE_SERVICEUSER : ASC_SOURCE_SERVICEPROVIDER_PRESENTATION_RELATED;
    parameters.reason =
        permanent ? ASC_REASON_SU_CALLINGAETITLENOTRECOGNIZED : ASC_REASON_SP_PRES_LOCALLIMITEXCEEDED;
    ASC_rejectAssociation(association, &parameters);
}

void accept_contexts(T_ASC_Parameters* parameters, const ScpScript& script) {
    std::vector<const char*> syntaxes;
    for (const auto& syntax : script.transfer_syntaxes) syntaxes.push_back(syntax.c_str());
    if (syntaxes.empty())
        syntaxes = {UID_LittleEndianExplicitTransferSyntax, UID_LittleEndianImplicitTransferSyntax};
    std::vector<std::string> offered = script.sop_classes;
    if (offered.empty())
        for (int i = 0; i < ASC_countPresentationContexts(parameters); ++i) {
            T_ASC_PresentationContext context{};
            ASC_getPresentationContext(parameters, i, &context);
            offered.emplace_back(context.abstractSyntax);
        }
    std::vector<const char*> classes;
    for (const auto& uid : offered) classes.push_back(uid.c_str());
    ASC_acceptContextsWithPreferredTransferSyntaxes(parameters, classes.data(),
                                                    static_cast<int>(classes.size()), syntaxes.data(),
                                                    static_cast<int>(syntaxes.size()));
}

// A peer that accepts the connection and never finishes an answer.
void keep_waiting(UniqueFd socket, bool begin_an_answer, int stop) {
    const char beginning[6] = {2, 0, 0, 0, 0, 100};  // of an A-ASSOCIATE-AC
    if (begin_an_answer && ::send(socket.get(), beginning, sizeof beginning, MSG_NOSIGNAL) < 0) return;
    char request[65536];
    while (wait_readable(socket.get(), stop) && ::recv(socket.get(), request, sizeof request, 0) > 0) {
    }
}

}  // namespace

struct ScriptedScp::State {
    mutable std::mutex mutex;
    ScpScript script;
    std::vector<ReceivedStore> stores;
    std::vector<ReceivedAction> actions;
    std::vector<int> report_answers;
};

ScriptedScp::ScriptedScp(ScpScript script) : state_(std::make_shared<State>()) {
    state_->script = std::move(script);
    std::tie(listening_, port_) = bind_loopback(16);
    stop_ = UniqueFd(::eventfd(0, EFD_CLOEXEC));
    thread_ = std::thread([this] { run(); });
}

ScriptedScp::~ScriptedScp() {
    const std::uint64_t one = 1;
    if (::write(stop_.get(), &one, sizeof one) < 0) std::abort();
    thread_.join();
}

void ScriptedScp::set_script(const ScpScript& script) {
    const std::lock_guard lock(state_->mutex);
    state_->script = script;
}

std::vector<ReceivedStore> ScriptedScp::stores() const {
    const std::lock_guard lock(state_->mutex);
    return state_->stores;
}

std::vector<ReceivedAction> ScriptedScp::actions() const {
    const std::lock_guard lock(state_->mutex);
    return state_->actions;
}

std::vector<int> ScriptedScp::report_answers() const {
    const std::lock_guard lock(state_->mutex);
    return state_->report_answers;
}

void ScriptedScp::run() {
    while (wait_readable(listening_.get(), stop_.get())) {
        const int socket = ::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC);
        if (socket < 0) continue;
        ++associations_;
        serve(socket);
    }
}

// One association, from A-ASSOCIATE-RQ to its end.
struct ScriptedScp::Conversation {
    ScriptedScp& scp;
    int socket;
    const ScpScript& script;
    T_ASC_Association* association = nullptr;
    int answered = 0;

    void run() {
        dcmDisableGethostbyaddr.set(OFTrue);
        dcmExternalSocketHandle.set(socket);
        T_ASC_Network* network = nullptr;
        ASC_initializeNetwork(NET_ACCEPTOR, 0, 30, &network);
        if (ASC_receiveAssociation(network, &association, 131072).good() && accepted())
            while (wait_readable(socket, scp.stop_.get()) && serve_command()) {
            }
        ASC_dropAssociation(association);
        ASC_destroyAssociation(&association);
        ASC_dropNetwork(&network);
    }

    bool accepted() {
        if (script.association != ScpScript::Association::accept) {
            reject(association, script.association == ScpScript::Association::reject_permanent);
            return false;
        }
        accept_contexts(association->params, script);
        return ASC_acknowledgeAssociation(association).good();
    }

    bool serve_command() {
        T_DIMSE_Message command{};
        T_ASC_PresentationContextID context = 0;
        const OFCondition received =
            DIMSE_receiveCommand(association, DIMSE_NONBLOCKING, 30, &context, &command, nullptr);
        if (received == DUL_PEERREQUESTEDRELEASE) {
            ++scp.releases_;
            ASC_acknowledgeRelease(association);
        }
        if (received.bad()) return false;
        if (command.CommandField == DIMSE_C_ECHO_RQ)
            return DIMSE_sendEchoResponse(association, context, &command.msg.CEchoRQ,
                                          static_cast<DIC_US>(script.dimse_status), nullptr)
                .good();
        if (command.CommandField == DIMSE_N_ACTION_RQ) return serve_action(command.msg.NActionRQ, context);
        if (command.CommandField == DIMSE_N_EVENT_REPORT_RSP) {
            const std::lock_guard lock(scp.state_->mutex);
            scp.state_->report_answers.push_back(command.msg.NEventReportRSP.DimseStatus);
            return true;
        }
        return receive_dataset(command.msg.CStoreRQ, context) && answer(command.msg.CStoreRQ, context);
    }

    // Null when the association broke.
    std::unique_ptr<DcmDataset> data_set_in(T_ASC_PresentationContextID& context) {
        DcmDataset* dataset = nullptr;
        const OFCondition received = DIMSE_receiveDataSetInMemory(association, DIMSE_NONBLOCKING, 30,
                                                                  &context, &dataset, nullptr, nullptr);
        std::unique_ptr<DcmDataset> owned(dataset);
        return received.good() ? std::move(owned) : nullptr;
    }

    bool receive_dataset(const T_DIMSE_C_StoreRQ& request, T_ASC_PresentationContextID context) {
        const auto dataset = data_set_in(context);
        if (!dataset) return false;
        T_ASC_PresentationContext accepted{};
        ASC_findAcceptedPresentationContext(association->params, context, &accepted);
        const auto& parameters = association->params->DULparams;
        const std::lock_guard lock(scp.state_->mutex);
        scp.state_->stores.push_back({request.AffectedSOPClassUID, request.AffectedSOPInstanceUID,
                                      accepted.acceptedTransferSyntax, as_implicit_little_endian(*dataset),
                                      parameters.callingAPTitle, parameters.calledAPTitle});
        return true;
    }

    bool serve_action(const T_DIMSE_N_ActionRQ& request, T_ASC_PresentationContextID context) {
        const auto dataset = data_set_in(context);
        if (!dataset) return false;
        ReceivedAction action;
        OFString text;
        dataset->findAndGetOFString(DCM_TransactionUID, text);
        action.transaction_uid = text.c_str();
        DcmItem* item = nullptr;
        for (long i = 0; dataset->findAndGetSequenceItem(DCM_ReferencedSOPSequence, item, i).good(); ++i) {
            item->findAndGetOFString(DCM_ReferencedSOPInstanceUID, text);
            action.sop_instance_uids.emplace_back(text.c_str());
        }
        {
            const std::lock_guard lock(scp.state_->mutex);
            scp.state_->actions.push_back(action);
        }
        if (script.report == ScpScript::Report::before_response && !report(action, context)) return false;
        T_DIMSE_Message response{};
        response.CommandField = DIMSE_N_ACTION_RSP;
        response.msg.NActionRSP.MessageIDBeingRespondedTo = request.MessageID;
        response.msg.NActionRSP.DimseStatus = static_cast<DIC_US>(script.action_status);
        response.msg.NActionRSP.DataSetType = DIMSE_DATASET_NULL;
        if (!send(response, context, nullptr)) return false;
        return script.report != ScpScript::Report::after_response || report(action, context);
    }

    bool report(const ReceivedAction& action, T_ASC_PresentationContextID context) {
        DcmDataset information;
        information.putAndInsertString(DCM_TransactionUID, action.transaction_uid.c_str());
        bool all = true;
        for (const auto& uid : action.sop_instance_uids) {
            const bool failed = uid == script.uncommitted;
            all = all && !failed;
            DcmItem* item = nullptr;
            information.findOrCreateSequenceItem(failed ? DCM_FailedSOPSequence : DCM_ReferencedSOPSequence,
                                                 item, -2);
            item->putAndInsertString(DCM_ReferencedSOPClassUID, UID_SecondaryCaptureImageStorage);
            item->putAndInsertString(DCM_ReferencedSOPInstanceUID, uid.c_str());
            if (failed) item->putAndInsertUint16(DCM_FailureReason, 0x0112);
        }
        T_DIMSE_Message message{};
        message.CommandField = DIMSE_N_EVENT_REPORT_RQ;
        auto& request = message.msg.NEventReportRQ;
        request.MessageID = association->nextMsgID++;
        request.DataSetType = DIMSE_DATASET_PRESENT;
        request.EventTypeID = all ? 1 : 2;
        OFStandard::strlcpy(request.AffectedSOPClassUID, UID_StorageCommitmentPushModelSOPClass,
                            sizeof(DIC_UI));
        OFStandard::strlcpy(request.AffectedSOPInstanceUID, UID_StorageCommitmentPushModelSOPInstance,
                            sizeof(DIC_UI));
        return send(message, context, &information);
    }

    bool send(T_DIMSE_Message& message, T_ASC_PresentationContextID context, DcmDataset* dataset) {
        return DIMSE_sendMessageUsingMemoryData(association, context, &message, nullptr, dataset, nullptr,
                                                nullptr)
            .good();
    }

    bool answer(const T_DIMSE_C_StoreRQ& request, T_ASC_PresentationContextID context) {
        switch (script.store) {
            case ScpScript::On::silence:
                wait_readable(socket, scp.stop_.get());
                return false;
            case ScpScript::On::close:
                return false;
            case ScpScript::On::abort:
                ASC_abortAssociation(association);
                return false;
            case ScpScript::On::answer:
                break;
        }
        T_DIMSE_C_StoreRSP response{};
        response.MessageIDBeingRespondedTo = request.MessageID;
        response.DimseStatus = static_cast<DIC_US>(script.dimse_status);
        response.DataSetType = DIMSE_DATASET_NULL;
        DIMSE_sendStoreResponse(association, context, &request, &response, nullptr);
        if (++answered != script.stores_per_association) return true;
        ASC_abortAssociation(association);
        return false;
    }
};

void ScriptedScp::serve(int socket) {
    ScpScript script;
    {
        const std::lock_guard lock(state_->mutex);
        script = state_->script;
    }
    using Answer = ScpScript::Association;
    if (script.association == Answer::ignore || script.association == Answer::drip)
        return keep_waiting(UniqueFd(socket), script.association == Answer::drip, stop_.get());
    Conversation conversation{*this, socket, script};
    conversation.run();
}

}  // namespace hilum::test
