// The coordinator with the listener and its receivers: what comes from the network.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "contract/association_end.h"
#include "contract/enum_text.h"
#include "contract/messages/packet.h"

namespace hilum {

// The listener's exit code where it cannot open its port or spool: trying again at once cannot help.
inline constexpr int listener_cannot_listen = 69;  // EX_UNAVAILABLE of sysexits.h

// listener -> coordinator, once: the ports are open. 0: there is none of the kind.
struct ListenerReady {
    static constexpr const char* type = "listener_ready";
    int port = 0;
    int tls_port = 0;
};

// listener -> coordinator: a connection came in; three descriptors: the coordinator's end of the receiver's
// channel, the receiver's pidfd, and its heartbeat.
struct ConnectionAccepted {
    static constexpr const char* type = "connection_accepted";
    std::string peer;       // numeric address
    std::int64_t pid = 0;   // of the receiver
    std::string host = {};  // whom it counts for: the address, or its subnet where anybody may call
};

// Why the listener closed a connection that had no receiver yet.
enum class ConnectionClosing {
    timeout,           // no whole A-ASSOCIATE-RQ came within scp.association_timeout
    address_limit,     // scp.max_connections_per_address, or an unlisted address's share
    connection_limit,  // scp.max_connections
    unlisted_limit,    // scp.max_unlisted_connections
    no_receiver,       // no process could be started
};
template <>
inline constexpr auto enum_texts<ConnectionClosing> = texts_of_enum<ConnectionClosing>({
    {ConnectionClosing::timeout, "timeout"},
    {ConnectionClosing::address_limit, "address_limit"},
    {ConnectionClosing::connection_limit, "connection_limit"},
    {ConnectionClosing::unlisted_limit, "unlisted_limit"},
    {ConnectionClosing::no_receiver, "no_receiver"},
});
// listener -> coordinator, at most once a second for each peer and reason: connections that it closed.
struct ConnectionsClosed {
    static constexpr const char* type = "connections_closed";
    std::string peer;  // numeric address; empty: of many, that are not told one by one
    ConnectionClosing reason = ConnectionClosing::timeout;
    std::int64_t count = 0;
};

// What the receiver scanned in a header, bounded in length, in the object's own character set turned to
// UTF-8. Identifiers go to the database and audit trail, never to the log.
struct ReceivedHeader {
    std::string sop_class_uid, sop_instance_uid, study_instance_uid, series_instance_uid;
    std::string transfer_syntax_uid;
    std::string modality, study_date, accession_number, patient_id, patient_name;
};

// receiver -> coordinator: an association was requested (audited, counted). Answered by AssociationAnswer.
struct AssociationRequested {
    static constexpr const char* type = "association_requested";
    std::string calling_ae, called_ae, peer;
    AssociationOutcome outcome = AssociationOutcome::accepted;  // else why the receiver rejects it
    std::string grounds = {};                                   // of that, in words
    std::string certificate = {};  // the subject of the caller's, which was verified; empty: none
};
// coordinator -> receiver
struct AssociationAnswer {
    static constexpr const char* type = "association_answer";
    // accepted; else reject transient, local limit exceeded (or it was rejected already)
    AssociationOutcome outcome = AssociationOutcome::shutting_down;
};

// receiver -> coordinator: the object lies synced in the spool under `file`; commit it. Answered by
// StoreAnswer.
struct StoreCommit {
    static constexpr const char* type = "store_commit";
    ReceivedHeader header;
    std::string file;             // name within the spool folder
    std::uint64_t size = 0;       // bytes of the file
    std::string dataset_sha256;   // of the data set as received, without the file meta information
    std::string analysis_sha256;  // of pixels, identities and what the intended use looks at
    std::string calling_ae, peer;
};
// receiver -> coordinator: an object that is deliberately not kept. Answered by StoreAnswer.
struct DiscardCommit {
    static constexpr const char* type = "discard_commit";
    ReceivedHeader header;
    std::string reason;  // "report", "presentation_state", "key_object", "own_result"
    std::string calling_ae, peer;
};
enum class StoreOutcome { stored, duplicate, new_version, prior, no_longer_prior, discarded };
template <>
inline constexpr auto enum_texts<StoreOutcome> = texts_of_enum<StoreOutcome>({
    {StoreOutcome::stored, "stored"},
    {StoreOutcome::duplicate, "duplicate"},
    {StoreOutcome::new_version, "new_version"},
    {StoreOutcome::prior, "prior"},
    {StoreOutcome::no_longer_prior, "no_longer_prior"},
    {StoreOutcome::discarded, "discarded"},
});
// coordinator -> receiver, after the commit. The receiver deletes its file unless `keep_file`.
struct StoreAnswer {
    static constexpr const char* type = "store_answer";
    bool committed = false;                          // only then may the receiver answer 0x0000
    bool keep_file = false;                          // false: a duplicate, or our own result
    StoreOutcome outcome = StoreOutcome::discarded;  // where it is committed
    std::optional<Error> error = {};                 // why it is not
};

// An instance that a Storage Commitment report says is not kept.
struct UncommittedInstance {
    std::string sop_instance_uid;
    int reason = 0;  // Failure Reason (PS3.3 C.14.1.1)
};
// receiver or sender -> coordinator: a destination answered a CommitmentRequest (N-EVENT-REPORT). Answered by
// CommitmentReportAnswer.
struct CommitmentReport {
    static constexpr const char* type = "commitment_report";
    std::string transaction_uid;
    std::vector<std::string> committed;  // SOP Instance UIDs
    std::vector<UncommittedInstance> failed;
    std::string calling_ae, peer;  // who said so
};
// coordinator -> receiver or sender, after the commit.
struct CommitmentReportAnswer {
    static constexpr const char* type = "commitment_report_answer";
    bool kept = false;   // only then may it be answered with success
    bool known = false;  // false: no transaction of ours has this UID
};

enum class ReceiverEventKind {
    association_aborted,
    association_released,
    bad_command,
    commitment_refused,
    commitment_reported,
    contexts_refused,
    echo,
    not_dicom,  // this and timeout: of a connection that never was an association
    store_failed,
    timeout,
    tls_failed,  // of a handshake; `code` is one of tls_failures (base/tls/tls_failure.h)
};
template <>
inline constexpr auto enum_texts<ReceiverEventKind> = texts_of_enum<ReceiverEventKind>({
    {ReceiverEventKind::association_aborted, "association_aborted"},
    {ReceiverEventKind::association_released, "association_released"},
    {ReceiverEventKind::bad_command, "bad_command"},
    {ReceiverEventKind::commitment_refused, "commitment_refused"},
    {ReceiverEventKind::commitment_reported, "commitment_reported"},
    {ReceiverEventKind::contexts_refused, "contexts_refused"},
    {ReceiverEventKind::echo, "echo"},
    {ReceiverEventKind::not_dicom, "not_dicom"},
    {ReceiverEventKind::store_failed, "store_failed"},
    {ReceiverEventKind::timeout, "timeout"},
    {ReceiverEventKind::tls_failed, "tls_failed"},
});
// receiver -> coordinator, no answer: something to audit and count that committed nothing.
struct ReceiverEvent {
    static constexpr const char* type = "receiver_event";
    ReceiverEventKind event = ReceiverEventKind::echo;
    std::string code;  // of store_failed: "disk_full", ...; of an association's end: see association_end.h
    int dimse_status = 0;
    std::string calling_ae, peer;
    // Of store_failed: what is known of the object, bounded in length, not checked for being valid.
    std::string sop_class_uid, sop_instance_uid, study_instance_uid, accession_number, patient_id;
    std::string dataset_sop_instance_uid;  // `sop_instance_uid` is the command's where that has one
    int contexts_accepted = 0;             // of contexts_refused: how many others were not refused
    std::string detail;                    // in words, nothing about a patient
};

// coordinator -> listener and receivers: the node stops. The listener accepts no more connections, a receiver
// finishes what it is at.
struct Drain {
    static constexpr const char* type = "drain";
};

HILUM_JSON(ReceivedHeader)
HILUM_JSON(StoreCommit)
HILUM_MESSAGE(ListenerReady)
HILUM_MESSAGE(ConnectionAccepted)
HILUM_MESSAGE(ConnectionsClosed)
HILUM_MESSAGE(AssociationRequested)
HILUM_MESSAGE(AssociationAnswer)
HILUM_MESSAGE(StoreCommit)
HILUM_MESSAGE(DiscardCommit)
HILUM_MESSAGE(StoreAnswer)
HILUM_MESSAGE(ReceiverEvent)
HILUM_MESSAGE(CommitmentReport)
HILUM_MESSAGE(CommitmentReportAnswer)
HILUM_MESSAGE(Drain)

}  // namespace hilum
