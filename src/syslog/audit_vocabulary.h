// Which message of PS3.15 A.5.3 tells each event of the audit trail. The one table of it; a test compares
// docs/conformance-statement.md with it, and with what the node writes into its trail.
#pragma once

#include <span>
#include <string_view>

namespace hilum::syslog {

struct CodedTerm {
    std::string_view value, scheme, meaning;
};

enum class AuditMessage {
    application_activity,
    audit_log_used,
    begin_transferring,
    instances_accessed,
    instances_transferred,
    study_deleted,
    procedure_record,
    security_alert
};

// DCM, CID 400.
CodedTerm event_id(AuditMessage message);

struct AuditWords {
    std::string_view type;  // of the event
    AuditMessage message;
    char action;     // EventActionCode: C, R, U, D, E
    CodedTerm kind;  // EventTypeCode beside our own type, DCM, CID 401 and 403; empty: none
};

std::span<const AuditWords> audit_vocabulary();

// An event that is not in the table is told too: as an Application Activity where it went well, else as a
// Security Alert, in either case with its type.
AuditWords words_for(std::string_view type, bool success);

}  // namespace hilum::syslog
