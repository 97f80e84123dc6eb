// The JSON form of pipeline/types/messages.h, apart from the header because the library's templates are slow to compile.
#include "pipeline/types/messages.h"

#include "pipeline/types/define_json.h"

namespace hilum {

void to_json(nlohmann::json& json, const AnalysisOutcome& outcome) {
    json = nlohmann::json::object();
    if (outcome.not_analysed) json["not_analysed"] = *outcome.not_analysed;
    if (outcome.result) json["result"] = *outcome.result;
    json["model"] = outcome.model;
}
void from_json(const nlohmann::json& json, AnalysisOutcome& outcome) {
    if (json.contains("not_analysed")) outcome.not_analysed = json.at("not_analysed").get<NotAnalysed>();
    if (json.contains("result")) outcome.result = json.at("result").get<InferenceResult>();
    if (json.contains("model")) json.at("model").get_to(outcome.model);
}

HILUM_DEFINE_JSON(ListenerReady, port)
HILUM_DEFINE_JSON(ConnectionAccepted, peer, pid)
HILUM_DEFINE_JSON(ConnectionRefused, peer)
HILUM_DEFINE_JSON(ReceivedHeader, sop_class_uid, sop_instance_uid, study_instance_uid,
                                   series_instance_uid, transfer_syntax_uid, modality, study_date,
                                   accession_number, patient_id, patient_name)
HILUM_DEFINE_JSON(AssociationRequested, calling_ae, called_ae, peer, rejection)
HILUM_DEFINE_JSON(AssociationAnswer, accept)
HILUM_DEFINE_JSON(StoreCommit, header, file, size, dataset_sha256, analysis_sha256, calling_ae,
                                   peer)
HILUM_DEFINE_JSON(DiscardCommit, header, reason, calling_ae, peer)
HILUM_DEFINE_JSON(StoreAnswer, committed, keep_file, outcome)
HILUM_DEFINE_JSON(ReceiverEvent, event, code, dimse_status, calling_ae, peer, sop_instance_uid,
                                   study_instance_uid, detail)
HILUM_DEFINE_JSON(DecodeRequest, job, package, display_long_side)
HILUM_DEFINE_JSON(DecodeReply, job, prepared, shape, geometry, display, attributes, not_analysed,
                                   error_code, error)
HILUM_DEFINE_JSON(WorkerReady, model, device, batch_size, labels)
HILUM_DEFINE_JSON(WorkerFailed, code, error)
HILUM_DEFINE_JSON(InferRequest, job, shape)
HILUM_DEFINE_JSON(InferReply, job, result, error_code, error)
HILUM_DEFINE_JSON(ReportProfile, destinations, sr, sr_sop_class, sr_series_number,
                                   sr_series_description, sc_when, sc_long_side, sc_series_number,
                                   sc_series_description)
HILUM_DEFINE_JSON(PredecessorReport, sop_class_uid, sop_instance_uid, series_instance_uid, model)
HILUM_DEFINE_JSON(ComposedResult, kind, sop_class_uid, sop_instance_uid, series_instance_uid,
                                   transfer_syntax_uid, file, sha256, destinations)
HILUM_DEFINE_JSON(ComposeReply, job, results, error_code, error, problems)
HILUM_DEFINE_JSON(DeliverRequest, delivery, sop_class_uid, sop_instance_uid, transfer_syntax_uid)
HILUM_DEFINE_JSON(DeliverReply, delivery, outcome, dimse_status, message)
HILUM_DEFINE_JSON(NodeStatus, receiving, inferring, scp_port, draining, children, models)
HILUM_DEFINE_JSON(HttpReady, port)
HILUM_DEFINE_JSON(PredictRequest, request, model)
HILUM_DEFINE_JSON(PredictReply, request, http_status, body)
HILUM_DEFINE_JSON(StudyImage, instance, file, artifact, sop_instance_uid, dataset_sha256, outcome)
HILUM_DEFINE_JSON(ComposeRequest, job, study_instance_uid, version, model_name, model, images,
                                   profiles, predecessors, results_dir, report_not_analysed)

}  // namespace hilum
