// The messages between the coordinator and its children, each one packet of a Channel. `type` in the packet
// is the struct's `type`. Directions and descriptors are told at each struct. The coordinator never trusts a
// child's numbers: sizes are checked against the descriptor that carries them.
#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>
#include <vector>

#include "base/channel.h"
#include "contract/analysis.h"
#include "contract/declare_json.h"
#include "contract/hl7_settings.h"
#include "contract/triage.h"

namespace hilum {

// ---- listener and receivers ----

// The listener's exit code where it cannot open its port or spool: trying again at once cannot help.
inline constexpr int listener_cannot_listen = 69;  // EX_UNAVAILABLE of sysexits.h

// listener -> coordinator, once: the port is open.
struct ListenerReady {
    static constexpr const char* type = "listener_ready";
    int port = 0;
};

// listener -> coordinator: a connection came in; one descriptor: the coordinator's end of the receiver's
// channel.
struct ConnectionAccepted {
    static constexpr const char* type = "connection_accepted";
    std::string peer;      // numeric address
    std::int64_t pid = 0;  // of the receiver
};

// listener -> coordinator: a connection was closed because max_connections are open.
struct ConnectionRefused {
    static constexpr const char* type = "connection_refused";
    std::string peer;
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
    std::string rejection;  // empty: the receiver accepts it; else why not, one of association_outcomes
};
// coordinator -> receiver
struct AssociationAnswer {
    static constexpr const char* type = "association_answer";
    bool accept = false;    // false: reject transient, local limit exceeded (or it was rejected already)
    std::string rejection;  // why not, one of association_outcomes
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
// coordinator -> receiver, after the commit. The receiver deletes its file unless `keep_file`.
struct StoreAnswer {
    static constexpr const char* type = "store_answer";
    bool committed = false;  // only then may the receiver answer 0x0000
    bool keep_file = false;  // false: a duplicate, or our own result
    std::string outcome;     // "stored", "duplicate", "new_version", "discarded", or the error's code
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

// receiver -> coordinator, no answer: something to audit and count that committed nothing.
struct ReceiverEvent {
    static constexpr const char* type = "receiver_event";
    // "echo", "store_failed", "bad_command", "contexts_refused", "commitment_reported", "commitment_refused",
    // "association_released", "association_aborted"; of a connection that never was an association:
    // "not_dicom", "timeout".
    std::string event;
    std::string code;  // of store_failed: "disk_full", ...; of an association's end: see association_end.h
    int dimse_status = 0;
    std::string calling_ae, peer;
    // Of store_failed: what is known of the object, bounded in length, not checked for being valid.
    std::string sop_class_uid, sop_instance_uid, study_instance_uid, accession_number, patient_id;
    std::string detail;  // in words, nothing about a patient
};

// ---- decoder ----

// coordinator -> decoder. Two descriptors, open for reading: the DICOM file, and the text of the model.yaml
// that the worker runs, whatever lies in the package's folder meanwhile. Answered by DecodeReply.
struct DecodeRequest {
    static constexpr const char* type = "decode";
    std::int64_t job = 0;
    std::string package;           // folder of the model package, for messages
    std::string package_sha256;    // of that model.yaml
    int display_long_side = 1280;  // of the display image
    bool golden = false;           // the package's own case, DICOM or PNG: whatever its intended use
    int frame = 1;                 // of the image, from 1
};
// decoder -> coordinator. Exactly one of: prepared (two descriptors: tensor memfd of floats N=1,C,H,W;
// display memfd of bytes; of a golden case the tensor alone), not_analysed, error.
struct DecodeReply {
    static constexpr const char* type = "decode_reply";
    std::int64_t job = 0;
    bool prepared = false;
    std::vector<std::int64_t> shape;  // 1, channels, rows, columns
    InputGeometry geometry;
    DisplayGeometry display;
    RadiographAttributes attributes;  // as far as they were read
    FrameCount frames;                // 1 of 1 where the image as a whole is not analysed
    NotAnalysed not_analysed;         // code empty: not so
    ImageNotes notes;                 // as far as it was read
    std::string error_code, error;    // could not tell, for a reason that is ours (out of memory): try again
};

// ---- worker ----

// worker -> coordinator, once: the model is loaded, its digest right, warmed up. Descriptors: a memfd of
// model.yaml's text, then the input of each golden case, open for reading.
struct WorkerReady {
    static constexpr const char* type = "worker_ready";
    ModelIdentity model;
    std::string device;
    int batch_size = 1;  // how many requests it wants waiting
    std::vector<std::string> labels;
    std::string package_sha256;       // of model.yaml
    std::vector<std::string> golden;  // names of the golden cases' inputs
};
// worker -> coordinator, instead, before it exits: the package cannot be used; trying again cannot help until
// it is changed.
struct WorkerFailed {
    static constexpr const char* type = "worker_failed";
    std::string code, error;
};
// coordinator -> worker. One descriptor: the tensor memfd. Answered by InferReply, in any order.
struct InferRequest {
    static constexpr const char* type = "infer";
    std::int64_t job = 0;
    std::vector<std::int64_t> shape;
    int golden = -1;  // which golden case's outputs are to be compared; -1: it is none
};
// worker -> coordinator. With maps: one descriptor, floats labels x map_rows x map_columns.
struct InferReply {
    static constexpr const char* type = "infer_reply";
    std::int64_t job = 0;
    InferenceResult result;
    std::string error_code,
        error;  // empty: result holds; else see docs/model-package.md; "out_of_memory" may pass;
                // "golden_mismatch": the golden case's outputs are not what the package expects
};

// ---- composer ----

// An image, or one frame of it.
struct StudyImage {
    std::int64_t instance = 0;  // the coordinator's number of it
    std::string file;           // absolute path of the DICOM file
    std::string artifact;       // absolute path of the AnalysisArtifact; empty where none
    std::string sop_instance_uid;
    std::string dataset_sha256;
    AnalysisOutcome outcome;
    int frame = 1;   // that the outcome is of, from 1
    int frames = 1;  // of the image; 1: the outcome is of the image as a whole
};
// Results for one or more destinations that want the same settings.
struct ReportProfile {
    std::vector<std::string> destinations;
    bool sr = true;
    std::string sr_sop_class;
    int sr_series_number = 0;
    std::string sr_series_description;
    std::string sc_when;  // always | positive | never
    int sc_long_side = 0;
    int sc_series_number = 0;
    std::string sc_series_description;
    std::string sc_style = "overlay";  // overlay | presentation_state
    bool sr_activation_region = false;
    std::string character_set = "source";  // source | utf8 | latin1
    std::string language = "en";           // en | de | fr
    bool oru = false;                      // an HL7 message
    Hl7Settings hl7;
};
struct PredecessorReport {
    std::string sop_class_uid, sop_instance_uid, series_instance_uid;
    std::string model;  // name of the model that it reports
    int version = 0;
};
// A result that a destination may have, and that is to be taken back.
struct WithdrawnResult {
    std::string kind;  // sr | sc | pr | oru
    std::string sop_class_uid, sop_instance_uid, series_instance_uid;
    std::vector<std::string> destinations;
};
struct Withdrawal {
    std::string reason;   // quality | safety; empty: nothing is withdrawn
    std::string note;     // the operator's own words, may be empty
    std::int64_t at = 0;  // microseconds since 1970 UTC
    std::vector<WithdrawnResult> results;
};
// coordinator -> composer: build the results of one study under one model, or take them back. Answered by
// ComposeReply.
struct ComposeRequest {
    static constexpr const char* type = "compose";
    std::int64_t job = 0;
    std::string study_instance_uid;
    int version = 1;  // of the study's report
    std::string model_name;
    ModelIdentity model;  // as loaded now; results carry their own, a report without any needs this
    std::vector<StudyImage> images;  // all of the study that this model looked at
    std::vector<ReportProfile> profiles;
    std::vector<PredecessorReport> predecessors;
    std::string results_dir;          // where the files go
    bool report_not_analysed = true;  // false: images without a score are left out of the SR
    std::int64_t opened_at = 0;       // this version; microseconds since 1970 UTC
    std::vector<TriageRule> urgent;
    // How often the study's results were withdrawn before: what is made afterwards has other UIDs.
    int withdrawals = 0;
    // With a reason: `images` serve for their headers alone, and `profiles` say in which form each
    // destination is told.
    Withdrawal withdrawal;
};
struct ComposedResult {
    std::string kind;  // sr | sc | pr | ko | oru (an HL7 message: no SOP class, but a UID)
    std::string sop_class_uid, sop_instance_uid, series_instance_uid, transfer_syntax_uid;
    std::string file;  // absolute; durable before the reply
    std::string sha256;
    std::vector<std::string> destinations;
};
// composer -> coordinator.
struct ComposeReply {
    static constexpr const char* type = "compose_reply";
    std::int64_t job = 0;
    std::vector<ComposedResult> results;  // durable; to be sent even when there is an error: one result's
                                          // failure does not hold up the others
    std::string error_code, error;        // "artifact_damaged" asks for a new analysis of the images;
                                    // "template_violation": a report failed its check and was not written
    std::vector<std::string> problems;  // each one that the check found; no patient data
};

// ---- sender ----

// coordinator -> sender of one destination. One descriptor: the result file. Answered by DeliverReply.
struct DeliverRequest {
    static constexpr const char* type = "deliver";
    std::int64_t delivery = 0;
    std::string sop_class_uid, sop_instance_uid, transfer_syntax_uid;
};
struct DeliverReply {
    static constexpr const char* type = "deliver_reply";
    std::int64_t delivery = 0;
    std::string outcome;          // delivered | retry | refused | unsendable (see results/delivery/answer.h)
    int dimse_status = -1;        // -1: no answer came
    std::string message;          // what the operator should know
    bool no_association = false;  // the destination gave none: nothing was said of this instance
};
// coordinator -> sender: ask the destination whether it keeps these (N-ACTION). Answered by CommitmentReply;
// the destination's own answer comes later, as a CommitmentReport.
struct ReferencedInstance {
    std::string sop_class_uid, sop_instance_uid;
};
struct CommitmentRequest {
    static constexpr const char* type = "commitment_request";
    std::string transaction_uid;
    std::vector<ReferencedInstance> instances;
};
struct CommitmentReply {
    static constexpr const char* type = "commitment_reply";
    std::string transaction_uid;
    bool accepted = false;
    std::string message;
};
// coordinator -> sender: does the destination answer a C-ECHO? Answered by EchoReply.
struct EchoRequest {
    static constexpr const char* type = "echo";
};
struct EchoReply {
    static constexpr const char* type = "echo_reply";
    bool answers = false;
    std::string message;
};

// ---- http ----

// coordinator -> http, at every change: what /readyz and /metrics tell beside the database.
struct NodeStatus {
    static constexpr const char* type = "node_status";
    bool receiving = false;
    bool inferring = false;
    int scp_port = 0;
    bool draining = false;
    nlohmann::json children = nlohmann::json::array();      // [{role, name, pid, state, restarts}]
    nlohmann::json models = nlohmann::json::array();        // [{name, version, sha256, device, state, error}]
    nlohmann::json destinations = nlohmann::json::array();  // [{name, state, since, error}]
};
// http -> coordinator, once.
struct HttpReady {
    static constexpr const char* type = "http_ready";
    int port = 0;
};
// http -> coordinator. One descriptor: a memfd with one DICOM file. Answered by PredictReply.
struct PredictRequest {
    static constexpr const char* type = "predict";
    std::int64_t request = 0;
    std::string model;  // empty: the first
};
struct PredictReply {
    static constexpr const char* type = "predict_reply";
    std::int64_t request = 0;
    int http_status = 200;
    nlohmann::json body;
};

// As JSON objects with the members' names. Reading throws nlohmann::json::exception when a member is missing.
HILUM_JSON(ListenerReady)
HILUM_JSON(ConnectionAccepted)
HILUM_JSON(ConnectionRefused)
HILUM_JSON(ReceivedHeader)
HILUM_JSON(AssociationRequested)
HILUM_JSON(AssociationAnswer)
HILUM_JSON(StoreCommit)
HILUM_JSON(DiscardCommit)
HILUM_JSON(StoreAnswer)
HILUM_JSON(ReceiverEvent)
HILUM_JSON(DecodeRequest)
HILUM_JSON(DecodeReply)
HILUM_JSON(WorkerReady)
HILUM_JSON(WorkerFailed)
HILUM_JSON(InferRequest)
HILUM_JSON(InferReply)
HILUM_JSON(ReportProfile)
HILUM_JSON(PredecessorReport)
HILUM_JSON(ComposedResult)
HILUM_JSON(ComposeReply)
HILUM_JSON(DeliverRequest)
HILUM_JSON(DeliverReply)
HILUM_JSON(UncommittedInstance)
HILUM_JSON(CommitmentReport)
HILUM_JSON(CommitmentReportAnswer)
HILUM_JSON(ReferencedInstance)
HILUM_JSON(CommitmentRequest)
HILUM_JSON(CommitmentReply)
HILUM_JSON(EchoRequest)
HILUM_JSON(EchoReply)
HILUM_JSON(NodeStatus)
HILUM_JSON(HttpReady)
HILUM_JSON(PredictRequest)
HILUM_JSON(PredictReply)
HILUM_JSON(StudyImage)
HILUM_JSON(WithdrawnResult)
HILUM_JSON(Withdrawal)
HILUM_JSON(ComposeRequest)
HILUM_JSON(AnalysisOutcome)

// A struct of this file as a packet.
template <typename T>
nlohmann::json to_packet(const T& message) {
    nlohmann::json body = message;
    body["type"] = T::type;
    return body;
}

inline std::string packet_type(const Message& message) {
    const auto found = message.body.find("type");
    return found != message.body.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// The packet as a T; code "protocol" when it is of another type or lacks a member.
template <typename T>
Result<T> from_packet(const Message& message) {
    try {
        if (packet_type(message) != T::type)
            return fail("protocol", "got a '{}' message where '{}' belongs", packet_type(message), T::type);
        return message.body.get<T>();
    } catch (const nlohmann::json::exception& error) {
        return fail("protocol", "malformed '{}' message: {}", T::type, error.what());
    }
}

}  // namespace hilum
