// The oldest events of the audit trail go after audit.keep. The digest of the last one that went stays
// (audit_checkpoint), so that the chain of the rest still holds and says where it begins; and an event in the
// trail itself says the same ("audit_removed"), so that nobody can take events from its beginning unnoticed
// by removing rows alone. Called within a commit.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/units.h"
#include "store/database/transaction.h"

namespace hilum {

// Some of the events that are older than `keep`; never the newest, and none that a syslog server lacks
// (audit_forwarding.h) unless it is older than `keep_unsent`, too. How many.
int remove_old_audit_events(Transaction& transaction, Duration keep,
                            std::optional<Duration> keep_unsent = std::nullopt);

// Where the trail begins: the last event that was removed and its digest; id 0 and first_hash where none was.
struct AuditBeginning {
    std::int64_t through = 0;
    std::string hash;
};
AuditBeginning audit_beginning(Transaction& transaction);

// Whether the trail's own events say that it begins there. Where none was ever removed, there is nothing to
// say.
bool tells_of_beginning(Transaction& transaction, const AuditBeginning& beginning);

}  // namespace hilum
