#include "syslog/audit_vocabulary.h"

#include <algorithm>
#include <iterator>

namespace hilum::syslog {
namespace {

using enum AuditMessage;

constexpr CodedTerm none{};
constexpr CodedTerm application_start{"110120", "DCM", "Application Start"};
constexpr CodedTerm application_stop{"110121", "DCM", "Application Stop"};
constexpr CodedTerm node_authentication{"110126", "DCM", "Node Authentication"};
constexpr CodedTerm security_configuration{"110129", "DCM", "Security Configuration"};
constexpr CodedTerm software_configuration{"110131", "DCM", "Software Configuration"};
constexpr CodedTerm restricted_function{"110132", "DCM", "Use of Restricted Function"};

constexpr AuditWords vocabulary[] = {
    {"analysed", instances_accessed, 'R', none},
    {"analysis_failed", instances_accessed, 'R', none},
    {"association_aborted", security_alert, 'E', none},
    {"association_rejected", security_alert, 'E', node_authentication},
    {"association_released", security_alert, 'E', none},
    {"audit_removed", security_alert, 'E', restricted_function},
    {"bad_command", security_alert, 'E', none},
    {"captures_removed", instances_accessed, 'D', none},
    {"certificates_loaded", security_alert, 'E', security_configuration},
    {"clock_set", security_alert, 'E', software_configuration},
    {"commitment_failed", instances_accessed, 'R', none},
    {"commitment_refused", security_alert, 'E', none},
    {"commitment_reported", security_alert, 'E', none},
    {"connection_refused", security_alert, 'E', none},
    {"contexts_refused", security_alert, 'E', none},
    {"control_refused", security_alert, 'E', node_authentication},
    {"database_created", security_alert, 'E', none},
    {"database_foreign", security_alert, 'E', none},
    {"database_mended", security_alert, 'E', none},
    {"database_older", security_alert, 'E', none},
    {"database_unmarked", security_alert, 'E', none},
    {"deliveries_expired", application_activity, 'E', none},
    {"delivery_failed", instances_transferred, 'R', none},
    {"destination_paused", security_alert, 'E', restricted_function},
    {"destination_resumed", security_alert, 'E', restricted_function},
    {"duplicate_removed", application_activity, 'E', none},
    {"echo", application_activity, 'E', none},
    {"events_left_out", security_alert, 'E', none},
    {"http_access", instances_accessed, 'R', none},
    {"instance_adopted", instances_accessed, 'C', none},
    {"instance_discarded", instances_transferred, 'R', none},
    {"instance_file_replaced", application_activity, 'E', none},
    {"instance_moved", instances_accessed, 'U', none},
    {"instance_received", instances_transferred, 'C', none},
    {"jobs_discarded", security_alert, 'E', restricted_function},
    {"jobs_retried", security_alert, 'E', restricted_function},
    {"model_golden_failed", security_alert, 'E', software_configuration},
    {"model_golden_passed", application_activity, 'E', none},
    {"model_loaded", security_alert, 'E', software_configuration},
    {"model_reload_failed", security_alert, 'E', software_configuration},
    {"model_reloaded", security_alert, 'E', software_configuration},
    {"node_started", application_activity, 'E', application_start},
    {"node_stopped", application_activity, 'E', application_stop},
    {"not_analysed", instances_accessed, 'R', none},
    {"not_dicom", security_alert, 'E', none},
    {"object_damaged", security_alert, 'E', none},
    {"object_mended", application_activity, 'E', none},
    {"object_set_aside", application_activity, 'E', none},
    {"operator_access", instances_accessed, 'R', none},
    {"prior_analysed", instances_accessed, 'R', none},
    {"replaced_objects_removed", instances_accessed, 'D', none},
    {"report_failed", instances_accessed, 'C', none},
    {"report_not_revised", instances_accessed, 'R', none},
    {"result_committed", instances_accessed, 'R', none},
    {"result_composed", instances_accessed, 'C', none},
    {"result_damaged", security_alert, 'E', none},
    {"result_delivered", instances_transferred, 'R', none},
    {"result_differs", security_alert, 'E', none},
    {"results_discarded", application_activity, 'E', none},
    {"results_resent", begin_transferring, 'E', none},
    {"results_withdrawn", instances_accessed, 'U', none},
    {"row_damaged", security_alert, 'E', none},
    {"set_aside_removed", application_activity, 'E', none},
    {"spool_surveyed", application_activity, 'E', none},
    {"store_failed", instances_transferred, 'C', none},
    {"studies_forgotten", application_activity, 'E', none},
    {"study_held", security_alert, 'E', restricted_function},
    {"study_released", security_alert, 'E', restricted_function},
    {"study_removed", study_deleted, 'D', none},
    {"study_urgent", procedure_record, 'U', none},
    {"timeout", security_alert, 'E', none},
    {"tls_failed", security_alert, 'E', node_authentication},
    {"tokens_loaded", security_alert, 'E', security_configuration},
};

}  // namespace

CodedTerm event_id(AuditMessage message) {
    switch (message) {
        case application_activity:
            return {"110100", "DCM", "Application Activity"};
        case audit_log_used:
            return {"110101", "DCM", "Audit Log Used"};
        case begin_transferring:
            return {"110102", "DCM", "Begin Transferring DICOM Instances"};
        case instances_accessed:
            return {"110103", "DCM", "DICOM Instances Accessed"};
        case instances_transferred:
            return {"110104", "DCM", "DICOM Instances Transferred"};
        case study_deleted:
            return {"110105", "DCM", "DICOM Study Deleted"};
        case procedure_record:
            return {"110111", "DCM", "Procedure Record"};
        case security_alert:
            break;
    }
    return {"110113", "DCM", "Security Alert"};
}

std::span<const AuditWords> audit_vocabulary() {
    return vocabulary;
}

AuditWords words_for(std::string_view type, bool success) {
    const auto* const found = std::ranges::find(vocabulary, type, &AuditWords::type);
    if (found != std::end(vocabulary)) return *found;
    return {type, success ? application_activity : security_alert, 'E', none};
}

}  // namespace hilum::syslog
