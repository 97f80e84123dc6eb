#include "store/audit/audit_removal.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <limits>

#include "store/audit/audit_event.h"
#include "store/audit/audit_forwarding.h"
#include "store/database/sql.h"

namespace hilum {
namespace {

constexpr int most_events = 2000;

struct OldEvents {
    std::int64_t first = 0, last = 0, last_at = 0;
    std::string hash;
};

// What is too young to go: of all events, and of those that a syslog server lacks.
struct YoungFrom {
    std::int64_t all = 0, unsent = 0;  // microseconds since 1970 UTC
    std::int64_t sent_through = 0;     // the last event that no server lacks
};

// The oldest ones in a row: where the clock was set back, a young one in between keeps those behind it.
OldEvents old_events(Transaction& transaction, const YoungFrom& from) {
    OldEvents old;
    bool young = false;
    sql::each(
        transaction,
        "SELECT id, at, hash FROM audit_event WHERE id < (SELECT max(id) FROM audit_event) ORDER BY id LIMIT "
        "?",
        [&](const sql::Row& row) {
            const bool sent = row.int64(0) <= from.sent_through;
            young = young || row.int64(1) > (sent ? from.all : from.unsent);
            if (young) return;
            if (old.first == 0) old.first = row.int64(0);
            old.last = row.int64(0);
            old.last_at = row.int64(1);
            old.hash = row.text(2);
        },
        most_events);
    return old;
}

}  // namespace

int remove_old_audit_events(Transaction& transaction, Duration keep, std::optional<Duration> keep_unsent) {
    constexpr auto never = std::numeric_limits<std::int64_t>::min();
    const auto at = transaction.at();
    const auto sent = forwarded_to_all(transaction);
    const YoungFrom from{at - keep.count(), keep_unsent ? at - std::max(*keep_unsent, keep).count() : never,
                         sent.value_or(std::numeric_limits<std::int64_t>::max())};
    const auto old = old_events(transaction, from);
    if (old.first == 0) return 0;
    sql::execute(transaction, "DELETE FROM audit_event WHERE id <= ?", old.last);
    sql::execute(transaction,
                 "INSERT INTO audit_checkpoint(through, hash, last_at, removed_at) VALUES(?, ?, ?, ?)",
                 old.last, old.hash, old.last_at, at);
    audit::AuditEvent event;
    event.type = "audit_removed";
    event.actor = "hilum";
    event.detail = {{"from", old.first}, {"through", old.last}, {"hash", old.hash}};
    if (old.last > from.sent_through) {
        const auto first = std::max(old.first, from.sent_through + 1);
        event.outcome = "failure";
        event.detail["unsent_from"] = first;
        spdlog::error(
            "events {} to {} of the audit trail are older than audit.keep_unsent and go, though a server of "
            "audit.syslog lacks them",
            first, old.last);
    }
    transaction.append_audit(event);
    return static_cast<int>(old.last - old.first + 1);
}

AuditBeginning audit_beginning(Transaction& transaction) {
    AuditBeginning beginning{0, audit::first_hash};
    sql::each(transaction, "SELECT through, hash FROM audit_checkpoint ORDER BY through DESC LIMIT 1",
              [&](const sql::Row& row) {
                  beginning = {row.int64(0), row.text(1)};
              });
    return beginning;
}

bool tells_of_beginning(Transaction& transaction, const AuditBeginning& beginning) {
    if (beginning.through == 0) return true;
    return sql::number(transaction,
                       "SELECT 1 FROM audit_event WHERE type = 'audit_removed' AND iif(json_valid(detail),"
                       " json_extract(detail, '$.through') = ? AND json_extract(detail, '$.hash') = ?,"
                       " false)",
                       beginning.through, beginning.hash)
        .has_value();
}

}  // namespace hilum
