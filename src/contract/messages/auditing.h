// The coordinator with the process that sends the audit trail to one syslog server.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "contract/enum_text.h"
#include "contract/messages/packet.h"

namespace hilum {

// event: `text` is one event as `hilum audit export` writes it. unspoken: one that this process died of, or
// that cannot be read; only its number is told. head: `text` is a signed head of the trail, as the log has
// it.
enum class AuditRecordKind { event, unspoken, head };
template <>
inline constexpr auto enum_texts<AuditRecordKind> = texts_of_enum<AuditRecordKind>({
    {AuditRecordKind::event, "event"},
    {AuditRecordKind::unspoken, "unspoken"},
    {AuditRecordKind::head, "head"},
});
struct AuditRecord {
    AuditRecordKind kind = AuditRecordKind::event;
    std::int64_t number = 0;  // of the event; of the newest one that a head covers
    std::int64_t at = 0;      // microseconds since 1970 UTC
    std::string text;
    std::string patient_id;  // of the event's study, where the event itself has none
};

// coordinator -> syslog. Answered by ForwardReply. `connection`: that was used before and has to live on, so
// that what went over it can be taken for arrived; 0: there is none, a new one is opened. Without records it
// is looked at alone.
struct ForwardRequest {
    static constexpr const char* type = "forward";
    std::int64_t batch = 0, connection = 0;
    std::vector<AuditRecord> records;
};
// sent: everything left this machine, and the server's system has taken it where the protocol tells. lost:
// the connection that was asked for is gone, and nothing of this batch was sent. failed: it cannot be told
// what the server has of the batch, or no connection was made.
enum class ForwardOutcome { sent, lost, failed };
template <>
inline constexpr auto enum_texts<ForwardOutcome> = texts_of_enum<ForwardOutcome>({
    {ForwardOutcome::sent, "sent"},
    {ForwardOutcome::lost, "lost"},
    {ForwardOutcome::failed, "failed"},
});
struct ForwardReply {
    static constexpr const char* type = "forward_reply";
    std::int64_t batch = 0, connection = 0;  // which is open now; 0: none
    ForwardOutcome outcome = ForwardOutcome::failed;
    std::string message;  // why not, for an operator
};

HILUM_MESSAGE(ForwardRequest)
HILUM_MESSAGE(ForwardReply)

}  // namespace hilum
