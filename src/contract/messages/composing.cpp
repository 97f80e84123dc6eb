#include "contract/messages/composing.h"

#include "contract/define_json.h"

namespace hilum {

HILUM_JSON_MEMBERS(Hl7Settings, sending_application, sending_facility, receiving_application,
                   receiving_facility, processing_id, version, result_status, character_set)
HILUM_JSON_MEMBERS(StudyImage, instance, file, artifact, sop_instance_uid, dataset_sha256, outcome, frame,
                   frames, stored)
HILUM_JSON_MEMBERS(ReportProfile, destinations, sr, sr_class, sr_series_number, sr_series_description,
                   sc_when, sc_long_side, sc_series_number, sc_series_description, sc_style,
                   sr_activation_region, character_set, language, oru, hl7)
HILUM_JSON_MEMBERS(PredecessorReport, sop_class_uid, sop_instance_uid, series_instance_uid, model, version)
HILUM_JSON_MEMBERS(WithdrawnResult, kind, sop_class_uid, sop_instance_uid, series_instance_uid, destinations,
                   file, sha256, report)
HILUM_JSON_MEMBERS(Withdrawal, reason, note, at, results)
HILUM_JSON_MEMBERS(Equipment, institution, serial_number, software_version, utc_offset)
HILUM_JSON_MEMBERS(MadeWith, equipment, urgent, urgent_study)
HILUM_JSON_MEMBERS(KnownResult, file, sha256, own, audit_head, made_with)
HILUM_JSON_MEMBERS(ToldResult, kind, file, sha256, report)
HILUM_JSON_MEMBERS(FiledReport, report, header)
HILUM_MESSAGE_MEMBERS(ComposeRequest, job, study_instance_uid, version, model_name, model, images, profiles,
                      predecessors, known_results, told, filed, results_dir, report_not_analysed, opened_at,
                      urgent, urgent_study, audit_head, withdrawals, withdrawal)
HILUM_JSON_MEMBERS(DamagedImage, instance, file, how)
HILUM_JSON_MEMBERS(ComposedResult, kind, sop_class_uid, sop_instance_uid, series_instance_uid,
                   transfer_syntax_uid, file, sha256, destinations, audit_head, made_with)
HILUM_MESSAGE_MEMBERS(ComposeReply, job, results, error, analyse_again, damaged, problems, filed_under,
                      composed_for)
HILUM_MESSAGE_MEMBERS(FileRequest, job, file)
HILUM_MESSAGE_MEMBERS(MadeFile, job, file, sha256)
HILUM_MESSAGE_MEMBERS(FileReply, job, file, error)

}  // namespace hilum
