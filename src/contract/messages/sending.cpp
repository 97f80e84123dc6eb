#include "contract/messages/sending.h"

#include "contract/define_json.h"

namespace hilum {

HILUM_MESSAGE_MEMBERS(DeliverRequest, delivery, sop_class_uid, sop_instance_uid, transfer_syntax_uid, sha256)
HILUM_MESSAGE_MEMBERS(DeliverReply, delivery, outcome, dimse_status, message, no_association, retry)
HILUM_JSON_MEMBERS(ReferencedInstance, sop_class_uid, sop_instance_uid)
HILUM_MESSAGE_MEMBERS(CommitmentRequest, transaction_uid, instances)
HILUM_MESSAGE_MEMBERS(CommitmentReply, transaction_uid, accepted, message, no_association)
HILUM_EMPTY_MESSAGE(EchoRequest)
HILUM_MESSAGE_MEMBERS(EchoReply, answers, message)
HILUM_EMPTY_MESSAGE(SendingProgress)

}  // namespace hilum
