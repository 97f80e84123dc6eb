// One event of the audit trail as a DICOM audit message (PS3.15 A.5), or a signed head of the trail, as it
// goes to a syslog server.
#pragma once

#include <cstddef>
#include <string>

#include "contract/messages/auditing.h"
#include "contract/syslog_settings.h"

namespace hilum::syslog {

// Who tells it.
struct AuditSource {
    std::string source, enterprise_site;  // AuditSourceID, AuditEnterpriseSiteID (empty: none)
    std::string ae_title, host;           // ours
};

// The XML. The event as `hilum audit export` writes it lies within, base64, unless the message would be
// longer than that: then it says that it was left out.
std::string dicom_audit_message(const AuditRecord& record, const AuditSource& source, std::size_t longest);

// The whole syslog message.
std::string syslog_message_of(const AuditRecord& record, const AuditSource& source,
                              const SyslogSettings& server);

}  // namespace hilum::syslog
