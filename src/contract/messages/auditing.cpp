#include "contract/messages/auditing.h"

#include "contract/define_json.h"

namespace hilum {

HILUM_JSON_MEMBERS(AuditRecord, kind, number, at, text, patient_id)
HILUM_MESSAGE_MEMBERS(ForwardRequest, batch, connection, records)
HILUM_MESSAGE_MEMBERS(ForwardReply, batch, connection, outcome, message)

}  // namespace hilum
