#include "scp/receiver.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmnet/assoc.h>
#include <dcmtk/dcmnet/cond.h>
#include <dcmtk/dcmnet/dul.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <new>

#include "base/confinement/confinement.h"
#include "base/logging.h"
#include "base/uid.h"
#include "contract/association_end.h"
#include "scp/association_rejection.h"
#include "scp/commit_client.h"
#include "scp/messages/message_service.h"
#include "scp/messages/message_stream.h"
#include "scp/messages/watched_connection.h"
#include "scp/presentation_contexts.h"
#include "scp/store_request_handler.h"
#include "scp/tls/receiver_tls.h"

namespace hilum::scp {
namespace {

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
    Receiver(UniqueFd connection, Duration time_to_ask, IpAddress peer, Channel coordinator,
             const Configuration& configuration, const AssociationPolicy& policy, Spool& spool,
             const TlsContext* tls)
        : settings_(configuration.scp),
          time_to_ask_(time_to_ask),
          policy_(policy),
          spool_(spool),
          connection_(std::move(connection)),
          peer_(peer),
          coordinator_(std::move(coordinator)),
          watch_(coordinator_.fd()),
          tls_(tls, watch_),
          transport_layer_(watch_, framing_) {
        caller_.peer = peer_.text();
    }

    int run();  // the process's exit code

  private:
    void receive();
    bool secure();
    OFCondition receive_association();
    void give_up(const OFCondition& condition);
    bool admit();
    const AssociationRejection* judge(const std::string& called_ae) const;
    bool accept(const std::string& called_ae);
    void tell_refused_contexts();
    void reject(const AssociationRejection& rejection, std::string_view why);
    void serve();
    AssociationEnd serve_messages(MessageService& service, const MessageStream& stream);
    AssociationEnd end_of(const MessageStream& stream);
    AssociationEnd interrupted(const MessageStream& stream);
    AssociationEnd unreadable() const;
    void close(AssociationEnd way);
    AssociationEnd reason_for(AssociationEnd way, const MessageService& service) const;
    void tell_end(AssociationEnd way, AssociationEnd reason, int stored, int refused);
    void report(ReceiverEventKind event, const char* code = "", const std::string& detail = {});
    std::uint64_t message_limit() const { return 2 * settings_.max_object_size + (16 << 20); }

    const ScpSettings& settings_;
    const Duration time_to_ask_;
    const AssociationPolicy& policy_;
    Spool& spool_;
    UniqueFd connection_;
    const IpAddress peer_;
    CommitClient coordinator_;
    ReceiveWatch watch_;
    ReceiverTls tls_;  // which the connection of the association uses
    PduFraming framing_;
    WatchedTransportLayer transport_layer_;
    std::unique_ptr<T_ASC_Network, NetworkCloser> network_;
    std::unique_ptr<T_ASC_Association, AssociationCloser> association_;
    Caller caller_;
    Negotiation negotiation_;
};

void Receiver::report(ReceiverEventKind event, const char* code, const std::string& detail) {
    auto told = event_of(caller_, event);
    told.code = code;
    told.detail = detail;
    coordinator_.report(told);
}

int Receiver::run() {
    try {
        receive();
        return 0;
    } catch (const std::bad_alloc&) {
        spdlog::error("the receiver of {} ran out of memory", caller_.peer);
    } catch (const std::exception& error) {
        spdlog::error("the receiver of {} failed: {}", caller_.peer, loggable(error.what()));
    }
    return 1;  // the coordinator tells the association's end
}

void Receiver::receive() {
    watch_.expect_within(time_to_ask_);
    if (!secure()) return;
    const OFCondition condition = receive_association();
    // DCMTK calls it good when the peer closes before it sent anything, as load balancers' probes do.
    if (condition.good() && framing_.type() == PduFraming::associate_rq) {
        if (admit()) serve();
    } else {
        give_up(condition);
    }
    watch_.expect_within(closing_time);
}

// False: TLS was wanted and is not to be had; told, and over.
bool Receiver::secure() {
    if (!tls_.wanted()) return true;
    auto stream = tls_.shake_hands(connection_.get());
    if (stream) {
        transport_layer_.secure(std::move(*stream));
        return true;
    }
    const auto& error = stream.error();
    if (error.code == tls_failures::closed && !tls_.has_received())
        return false;  // as load balancers' probes do
    spdlog::debug("{}: no TLS: {}", caller_.peer, loggable(error.message));
    report(ReceiverEventKind::tls_failed, error.code.c_str(), loggable(error.message));
    watch_.expect_within(closing_time);
    tls_.see_off();
    return false;
}

OFCondition Receiver::receive_association() {
    dcmExternalSocketHandle.set(connection_.get());
    T_ASC_Network* network = nullptr;
    OFCondition condition = ASC_initializeNetwork(NET_ACCEPTOR, 0, unlimited_seconds, &network);
    network_.reset(network);
    if (condition.good()) condition = ASC_setTransportLayer(network, &transport_layer_, 0);
    if (condition.bad()) return condition;

    connection_.release();  // to DCMTK
    T_ASC_Association* association = nullptr;
    condition = ASC_receiveAssociation(network, &association, settings_.max_pdu, nullptr, nullptr, OFFalse,
                                       DUL_NOBLOCK, unlimited_seconds);
    association_.reset(association);
    return condition;
}

// There is no A-ASSOCIATE-RQ, or none that DCMTK could read.
void Receiver::give_up(const OFCondition& condition) {
    const bool asked = framing_.type() == PduFraming::associate_rq && framing_.at_boundary();
    if (watch_.interruption() == Interruption::timed_out) {
        report(ReceiverEventKind::timeout, "association");
    } else if (condition.bad() && asked) {
        const auto& rejection =
            condition == DUL_UNSUPPORTEDPEERPROTOCOL ? rejections::protocol_version : rejections::unreadable;
        (void)coordinator_.request_association(
            {"", "", caller_.peer, rejection.outcome, loggable(condition.text())});
        reject(rejection, condition.text());
    } else if (condition.good() || condition == DUL_NETWORKCLOSED ||
               condition == DUL_PEERABORTEDASSOCIATION || watch_.interruption() == Interruption::woken) {
        spdlog::debug("{} closed the connection without an association", caller_.peer);
    } else {
        const bool tls = begins_as_tls(framing_.type()) && !tls_.wanted();
        report(ReceiverEventKind::not_dicom, tls ? "tls" : "",
               tls ? "it speaks TLS, and this is the port for plain DICOM" : loggable(condition.text()));
    }
}

// Sends the A-ASSOCIATE-RJ itself: DCMTK refuses to where it could not read the request. The coordinator,
// which sees how many there are, tells the log.
void Receiver::reject(const AssociationRejection& rejection, std::string_view why) {
    spdlog::debug("association from {} ({}) rejected: {}", loggable(caller_.calling_ae), caller_.peer,
                  loggable(std::string(why)));
    watch_.expect_within(closing_time);
    auto* const connection = DUL_getTransportConnection(association_->DULassociation);
    if (connection == nullptr) return;
    std::array pdu{std::uint8_t{0x03},
                   std::uint8_t{0},
                   std::uint8_t{0},
                   std::uint8_t{0},
                   std::uint8_t{0},
                   std::uint8_t{4},
                   std::uint8_t{0},
                   static_cast<std::uint8_t>(rejection.result),
                   static_cast<std::uint8_t>(rejection.source),
                   static_cast<std::uint8_t>(rejection.reason)};  // PS3.8 table 9-21
    const bool sent_by_dcmtk = rejection.outcome == AssociationOutcome::protocol_version;
    if (!sent_by_dcmtk) (void)connection->write(pdu.data(), pdu.size());
    (void)connection->networkDataAvailable(unlimited_seconds);  // its closing, so that it reads the rejection
}

// What the receiver knows by itself against an A-ASSOCIATE-RQ; nullptr: nothing.
const AssociationRejection* Receiver::judge(const std::string& called_ae) const {
    const auto& parameters = association_->params->DULparams;
    const Verdict verdict = policy_.judge(caller_.calling_ae, called_ae, peer_, tls_.certificate());
    if (verdict == Verdict::unknown_caller || caller_.calling_ae.empty())
        return &rejections::calling_ae_title;
    if (verdict == Verdict::certificate) return &rejections::certificate;
    if (verdict == Verdict::called_ae_title || called_ae.empty()) return &rejections::called_ae_title;
    if (std::strcmp(parameters.applicationContextName, UID_StandardApplicationContext) != 0)
        return &rejections::application_context;
    if (ASC_countPresentationContexts(association_->params) == 0) return &rejections::no_presentation_context;
    return nullptr;
}

// Asks the policy and the coordinator, and answers the A-ASSOCIATE-RQ.
bool Receiver::admit() {
    const auto& parameters = association_->params->DULparams;
    const std::string called_ae(trimmed_ae_title(parameters.calledAPTitle));
    caller_.calling_ae = trimmed_ae_title(parameters.callingAPTitle);
    const auto* const rejection = judge(called_ae);
    const auto judged = rejection != nullptr ? rejection->outcome : AssociationOutcome::accepted;
    const auto answer = coordinator_.request_association(
        {caller_.calling_ae, called_ae, caller_.peer, judged,
         rejection != nullptr ? std::string(rejection->grounds) : "", tls_.subject()});
    if (rejection != nullptr) {
        reject(*rejection, rejection->grounds);
    } else if (!answer) {
        reject(rejections::local_limit, answer.error().message);
    } else if (answer->outcome != AssociationOutcome::accepted) {
        reject(rejections::local_limit, enum_text(answer->outcome));
    } else {
        return accept(called_ae);
    }
    return false;
}

bool Receiver::accept(const std::string& called_ae) {
    T_ASC_Parameters& parameters = *association_->params;
    ASC_setAPTitles(&parameters, nullptr, nullptr, called_ae.c_str());
    std::strncpy(parameters.ourImplementationClassUID, implementation_class_uid,
                 sizeof parameters.ourImplementationClassUID - 1);
    std::strncpy(parameters.ourImplementationVersionName, implementation_version_name,
                 sizeof parameters.ourImplementationVersionName - 1);
    negotiation_ = negotiate(parameters);
    if (!negotiation_.refused.empty()) tell_refused_contexts();
    spdlog::debug("association from {} ({}): {} presentation contexts accepted", loggable(caller_.calling_ae),
                  caller_.peer, negotiation_.accepted.size());
    if (ASC_acknowledgeAssociation(association_.get()).good()) return true;
    tell_end(AssociationEnd::connection_lost, AssociationEnd::connection_lost, 0, 0);
    return false;
}

void Receiver::tell_refused_contexts() {
    const auto refused = description_of(negotiation_.refused);
    spdlog::info("association from {} ({}): presentation contexts refused: {}", loggable(caller_.calling_ae),
                 caller_.peer, refused);
    auto told = event_of(caller_, ReceiverEventKind::contexts_refused);
    told.contexts_accepted = static_cast<int>(negotiation_.accepted.size());
    told.detail = refused;
    coordinator_.report(told);
}

void Receiver::serve() {
    StoreRequestHandler store(spool_, coordinator_, settings_, caller_);
    MessageStream stream(*association_, framing_);
    MessageService service(stream, negotiation_, store, coordinator_, caller_);
    const auto way = serve_messages(service, stream);
    close(way);
    tell_end(way, reason_for(way, service), service.stored(), service.refused());
}

AssociationEnd Receiver::serve_messages(MessageService& service, const MessageStream& stream) {
    for (;;) {
        const Duration idle =
            coordinator_.draining() ? Duration(idle_time_when_draining) : settings_.idle_timeout;
        watch_.expect_message(idle, settings_.idle_timeout, message_limit());
        const auto outcome = service.serve_next();
        const bool woken = watch_.interruption() == Interruption::woken;
        if (woken) coordinator_.read_notices();
        if (outcome == MessageService::Outcome::stopped && !woken) return end_of(stream);
        if (coordinator_.gone()) return AssociationEnd::coordinator_gone;
        if (outcome == MessageService::Outcome::no_command) return AssociationEnd::no_command;
        if (outcome == MessageService::Outcome::lost) return AssociationEnd::connection_lost;
    }
}

AssociationEnd Receiver::end_of(const MessageStream& stream) {
    if (watch_.interruption() != Interruption::none) return interrupted(stream);
    switch (stream.stop()) {
        case StreamStop::release:
            return stream.within_message() ? AssociationEnd::released_within_message
                                           : AssociationEnd::released;
        case StreamStop::closed:
            return framing_.type() == PduFraming::abort && framing_.at_boundary()
                       ? AssociationEnd::peer_aborted
                       : AssociationEnd::connection_lost;
        default:
            return unreadable();
    }
}

AssociationEnd Receiver::interrupted(const MessageStream& stream) {
    if (watch_.interruption() == Interruption::oversized) return AssociationEnd::our_limit;
    coordinator_.read_notices();  // the watch hears them between messages only
    if (coordinator_.gone()) return AssociationEnd::coordinator_gone;
    if (coordinator_.draining()) return AssociationEnd::draining;
    return watch_.idle() && !stream.within_message() ? AssociationEnd::idle_timeout
                                                     : AssociationEnd::too_slow;
}

// Of a PDU that DCMTK did not take.
AssociationEnd Receiver::unreadable() const {
    if (framing_.type() != PduFraming::p_data_tf) return AssociationEnd::unexpected_pdu;
    return framing_.length() > static_cast<std::uint32_t>(settings_.max_pdu) ? AssociationEnd::pdu_too_large
                                                                             : AssociationEnd::odd_pdv;
}

void Receiver::close(AssociationEnd way) {
    watch_.expect_within(closing_time);
    if (way == AssociationEnd::released || way == AssociationEnd::released_within_message) {
        ASC_acknowledgeRelease(association_.get());
        ASC_dataWaiting(association_.get(), unlimited_seconds);  // closing is the peer's turn (PS3.8 9.2)
    } else if (way != AssociationEnd::peer_aborted && way != AssociationEnd::connection_lost) {
        ASC_abortAssociation(association_.get());
    }
}

// A peer that goes by itself, in whatever way, mostly has a reason that is to be found here.
AssociationEnd Receiver::reason_for(AssociationEnd way, const MessageService& service) const {
    if (way != AssociationEnd::released && way != AssociationEnd::peer_aborted &&
        way != AssociationEnd::connection_lost)
        return way;
    if (service.lacked_room()) return AssociationEnd::our_disk;
    if (negotiation_.accepted.empty()) return AssociationEnd::contexts_refused;
    return service.had_bad_command() ? AssociationEnd::bad_command : way;
}

void Receiver::tell_end(AssociationEnd way, AssociationEnd reason, int stored, int refused) {
    const auto& words = words_of(reason);
    const auto text = fmt::format("{}; {} objects taken, {} refused", words.text, stored, refused);
    report(way == AssociationEnd::released ? ReceiverEventKind::association_released
                                           : ReceiverEventKind::association_aborted,
           words.code.data(), text);
    const auto level = way == AssociationEnd::coordinator_gone ? spdlog::level::warn : spdlog::level::info;
    spdlog::log(level, "association from {} ({}) ended: {}: {}", loggable(caller_.calling_ae), caller_.peer,
                words.code, text);
}

}  // namespace

int run_receiver(UniqueFd connection, Duration time_to_ask, Channel coordinator, Heartbeat heartbeat,
                 const Configuration& configuration, const AssociationPolicy& policy, Spool& spool,
                 const TlsContext* tls) {
    const Places places{.data_dir = configuration.node.data_dir};
    if (const auto confined = confine(Role::receiver, places, coordinator.fd()); !confined) {
        spdlog::error("cannot confine the receiver: {}", confined.error().message);
        return EXIT_FAILURE;
    }
    const BeatingThread beating(std::move(heartbeat));
    return serve_connection(std::move(connection), time_to_ask, std::move(coordinator), configuration, policy,
                            spool, tls);
}

int serve_connection(UniqueFd connection, Duration time_to_ask, Channel coordinator,
                     const Configuration& configuration, const AssociationPolicy& policy, Spool& spool,
                     const TlsContext* tls) {
    const auto peer = IpAddress::of_peer(connection.get());
    if (!peer) return 0;  // it is gone again
    dcmDisableGethostbyaddr.set(OFTrue);
    const auto send_timeout = std::chrono::ceil<std::chrono::seconds>(configuration.scp.idle_timeout).count();
    dcmSocketSendTimeout.set(static_cast<Sint32>(send_timeout));
    return Receiver(std::move(connection), time_to_ask, *peer, std::move(coordinator), configuration, policy,
                    spool, tls)
        .run();
}

}  // namespace hilum::scp
