#include "contract/messages/receiving.h"

#include "contract/define_json.h"

namespace hilum {

HILUM_MESSAGE_MEMBERS(ListenerReady, port, tls_port)
HILUM_MESSAGE_MEMBERS(ConnectionAccepted, peer, pid, host)
HILUM_MESSAGE_MEMBERS(ConnectionsClosed, peer, reason, count)
HILUM_JSON_MEMBERS(ReceivedHeader, sop_class_uid, sop_instance_uid, study_instance_uid, series_instance_uid,
                   transfer_syntax_uid, modality, study_date, accession_number, patient_id, patient_name)
HILUM_MESSAGE_MEMBERS(AssociationRequested, calling_ae, called_ae, peer, outcome, grounds, certificate)
HILUM_MESSAGE_MEMBERS(AssociationAnswer, outcome)
HILUM_MESSAGE_MEMBERS(StoreCommit, header, file, size, dataset_sha256, analysis_sha256, calling_ae, peer)
HILUM_MESSAGE_MEMBERS(DiscardCommit, header, reason, calling_ae, peer)
HILUM_MESSAGE_MEMBERS(StoreAnswer, committed, keep_file, outcome, error)
HILUM_JSON_MEMBERS(UncommittedInstance, sop_instance_uid, reason)
HILUM_MESSAGE_MEMBERS(CommitmentReport, transaction_uid, committed, failed, calling_ae, peer)
HILUM_MESSAGE_MEMBERS(CommitmentReportAnswer, kept, known)
HILUM_MESSAGE_MEMBERS(ReceiverEvent, event, code, dimse_status, calling_ae, peer, sop_class_uid,
                      sop_instance_uid, study_instance_uid, accession_number, patient_id,
                      dataset_sop_instance_uid, contexts_accepted, detail)
HILUM_EMPTY_MESSAGE(Drain)

}  // namespace hilum
