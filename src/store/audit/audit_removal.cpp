#include "store/audit/audit_removal.h"

#include "store/audit/audit_event.h"
#include "store/database/sql.h"

namespace hilum {
namespace {

constexpr int most_events = 2000;

struct OldEvents {
    std::int64_t first = 0, last = 0, last_at = 0;
    std::string hash;
};

// The oldest ones in a row: where the clock was set back, a young one in between keeps those behind it.
OldEvents old_events(Transaction& transaction, std::int64_t before) {
    OldEvents old;
    bool young = false;
    sql::each(
        transaction,
        "SELECT id, at, hash FROM audit_event WHERE id < (SELECT max(id) FROM audit_event) ORDER BY id LIMIT "
        "?",
        [&](const sql::Row& row) {
            young = young || row.int64(1) > before;
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

int remove_old_audit_events(Transaction& transaction, Duration keep) {
    const auto old = old_events(transaction, transaction.at() - keep.count());
    if (old.first == 0) return 0;
    sql::execute(transaction, "DELETE FROM audit_event WHERE id <= ?", old.last);
    sql::execute(transaction,
                 "INSERT INTO audit_checkpoint(through, hash, last_at, removed_at) VALUES(?, ?, ?, ?)",
                 old.last, old.hash, old.last_at, transaction.at());
    audit::AuditEvent event;
    event.type = "audit_removed";
    event.actor = "hilum";
    event.detail = {{"from", old.first}, {"through", old.last}, {"hash", old.hash}};
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
                       "SELECT 1 FROM audit_event WHERE type = 'audit_removed' AND json_extract(detail,"
                       " '$.through') = ? AND json_extract(detail, '$.hash') = ?",
                       beginning.through, beginning.hash)
        .has_value();
}

}  // namespace hilum
