// The JSON form of pipeline/types/messages.h.
#include "contract/messages.h"

namespace hilum {

void to_json(nlohmann::json& json, const AnalysisOutcome& outcome) {
    json = nlohmann::json::object();
    if (outcome.not_analysed) json["not_analysed"] = *outcome.not_analysed;
    if (outcome.result) json["result"] = *outcome.result;
    json["model"] = outcome.model;
    if (!outcome.notes.empty()) json["notes"] = outcome.notes;
}
void from_json(const nlohmann::json& json, AnalysisOutcome& outcome) {
    if (json.contains("not_analysed")) outcome.not_analysed = json.at("not_analysed").get<NotAnalysed>();
    if (json.contains("result")) outcome.result = json.at("result").get<InferenceResult>();
    if (json.contains("model")) json.at("model").get_to(outcome.model);
    if (json.contains("notes")) json.at("notes").get_to(outcome.notes);
}

HILUM_JSON_MEMBERS(ListenerReady, port)
HILUM_JSON_MEMBERS(ConnectionAccepted, peer, pid)
HILUM_JSON_MEMBERS(ConnectionRefused, peer)
HILUM_JSON_MEMBERS(ReceivedHeader, sop_class_uid, sop_instance_uid, study_instance_uid, series_instance_uid,
                   transfer_syntax_uid, modality, study_date, accession_number, patient_id, patient_name)
HILUM_JSON_MEMBERS(AssociationRequested, calling_ae, called_ae, peer, rejection)
HILUM_JSON_MEMBERS(AssociationAnswer, accept, rejection)
HILUM_JSON_MEMBERS(StoreCommit, header, file, size, dataset_sha256, analysis_sha256, calling_ae, peer)
HILUM_JSON_MEMBERS(DiscardCommit, header, reason, calling_ae, peer)
HILUM_JSON_MEMBERS(StoreAnswer, committed, keep_file, outcome)
HILUM_JSON_MEMBERS(ReceiverEvent, event, code, dimse_status, calling_ae, peer, sop_class_uid,
                   sop_instance_uid, study_instance_uid, accession_number, patient_id, detail)
HILUM_JSON_MEMBERS(DecodeRequest, job, package, package_sha256, display_long_side, golden, frame)
HILUM_JSON_MEMBERS(DecodeReply, job, prepared, shape, geometry, display, attributes, frames, not_analysed,
                   notes, error_code, error)
HILUM_JSON_MEMBERS(WorkerReady, model, device, batch_size, labels, package_sha256, golden)
HILUM_JSON_MEMBERS(WorkerFailed, code, error)
HILUM_JSON_MEMBERS(InferRequest, job, shape, golden)
HILUM_JSON_MEMBERS(InferReply, job, result, error_code, error)
HILUM_JSON_MEMBERS(Hl7Settings, sending_application, sending_facility, receiving_application,
                   receiving_facility, processing_id, version, result_status, character_set)
HILUM_JSON_MEMBERS(ReportProfile, destinations, sr, sr_sop_class, sr_series_number, sr_series_description,
                   sc_when, sc_long_side, sc_series_number, sc_series_description, sc_style,
                   sr_activation_region, character_set, language, oru, hl7)
HILUM_JSON_MEMBERS(PredecessorReport, sop_class_uid, sop_instance_uid, series_instance_uid, model, version)
HILUM_JSON_MEMBERS(ComposedResult, kind, sop_class_uid, sop_instance_uid, series_instance_uid,
                   transfer_syntax_uid, file, sha256, destinations)
HILUM_JSON_MEMBERS(ComposeReply, job, results, error_code, error, problems)
HILUM_JSON_MEMBERS(DeliverRequest, delivery, sop_class_uid, sop_instance_uid, transfer_syntax_uid)
HILUM_JSON_MEMBERS(DeliverReply, delivery, outcome, dimse_status, message, no_association)
HILUM_JSON_MEMBERS(UncommittedInstance, sop_instance_uid, reason)
HILUM_JSON_MEMBERS(CommitmentReport, transaction_uid, committed, failed, calling_ae, peer)
HILUM_JSON_MEMBERS(CommitmentReportAnswer, kept, known)
HILUM_JSON_MEMBERS(ReferencedInstance, sop_class_uid, sop_instance_uid)
HILUM_JSON_MEMBERS(CommitmentRequest, transaction_uid, instances)
HILUM_JSON_MEMBERS(CommitmentReply, transaction_uid, accepted, message)
HILUM_JSON_MEMBERS(EchoReply, answers, message)
HILUM_JSON_MEMBERS(NodeStatus, receiving, inferring, scp_port, draining, children, models, destinations)
HILUM_JSON_MEMBERS(HttpReady, port)
HILUM_JSON_MEMBERS(PredictRequest, request, model)
HILUM_JSON_MEMBERS(PredictReply, request, http_status, body)
HILUM_JSON_MEMBERS(StudyImage, instance, file, artifact, sop_instance_uid, dataset_sha256, outcome, frame,
                   frames)
HILUM_JSON_MEMBERS(WithdrawnResult, kind, sop_class_uid, sop_instance_uid, series_instance_uid, destinations)
HILUM_JSON_MEMBERS(Withdrawal, reason, note, at, results)
HILUM_JSON_MEMBERS(ComposeRequest, job, study_instance_uid, version, model_name, model, images, profiles,
                   predecessors, results_dir, report_not_analysed, opened_at, urgent, withdrawals, withdrawal)

// It says nothing but its type.
void to_json(nlohmann::json& json, const EchoRequest&) {
    json = nlohmann::json::object();
}
void from_json(const nlohmann::json&, EchoRequest&) {}

}  // namespace hilum
