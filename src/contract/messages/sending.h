// The coordinator with the sender of one destination. A CommitmentReport (receiving.h) may come from it, too.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "contract/enum_text.h"
#include "contract/messages/packet.h"

namespace hilum {

// coordinator -> sender of one destination. One descriptor: the result file. Answered by DeliverReply.
struct DeliverRequest {
    static constexpr const char* type = "deliver";
    std::int64_t delivery = 0;
    std::string sop_class_uid, sop_instance_uid, transfer_syntax_uid;
    std::string sha256;  // of the file as it was composed: no other bytes go out
};
// delivered: the destination has the instance. retry: nothing is wrong with the instance; try again soon.
// refused: the destination blames the instance; it will not take it until somebody changes something there.
// damaged: the file is lost, or not what was composed; it is composed anew. unsendable: there is no instance
// to be sent; trying again cannot help.
enum class DeliveryOutcome { delivered, retry, refused, damaged, unsendable };
template <>
inline constexpr auto enum_texts<DeliveryOutcome> = texts_of_enum<DeliveryOutcome>({
    {DeliveryOutcome::delivered, "delivered"},
    {DeliveryOutcome::retry, "retry"},
    {DeliveryOutcome::refused, "refused"},
    {DeliveryOutcome::damaged, "damaged"},
    {DeliveryOutcome::unsendable, "unsendable"},
});
struct DeliverReply {
    static constexpr const char* type = "deliver_reply";
    std::int64_t delivery = 0;
    DeliveryOutcome outcome = DeliveryOutcome::retry;
    int dimse_status = -1;        // -1: no answer came
    std::string message;          // what the operator should know
    bool no_association = false;  // the destination gave none: nothing was said of this instance
    Retry retry = Retry::later;   // once_mended, with the outcome retry: this node lacks something to read it
};
// Then nothing went out.
inline bool is_nodes_trouble(const DeliverReply& reply) {
    return reply.outcome == DeliveryOutcome::retry && reply.retry == Retry::once_mended;
}
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
    bool no_association = false;  // the destination gave none
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

// sender -> coordinator, no answer: while it serves a request, the destination takes its time but goes on, so
// that the sender is no reason to worry. Once a second at most.
struct SendingProgress {
    static constexpr const char* type = "sending_progress";
};

HILUM_MESSAGE(DeliverRequest)
HILUM_MESSAGE(DeliverReply)
HILUM_MESSAGE(CommitmentRequest)
HILUM_MESSAGE(CommitmentReply)
HILUM_MESSAGE(EchoRequest)
HILUM_MESSAGE(EchoReply)
HILUM_MESSAGE(SendingProgress)

}  // namespace hilum
