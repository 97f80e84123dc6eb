// What syslog servers have of the audit trail, and what they still lack: the trail's own rows are all that
// waits, however long a server is gone. Called within a commit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "contract/messages/auditing.h"
#include "store/database/transaction.h"

namespace hilum {

// At a start: these servers are waited for, and no others. One that is named for the first time lacks the
// whole trail; one that is named again goes on where it was.
void configure_audit_servers(Transaction& transaction, const std::vector<std::string>& names);

// The last event that the server has; 0 where it has none. A trail that ends before (an older copy of the
// database) is sent from its end on.
std::int64_t forwarded_through(Transaction& transaction, const std::string& server);

// The oldest events after that one, at most so many, and so many bytes or one. What cannot be read is
// `unspoken`, so that it holds up no other.
std::vector<AuditRecord> audit_records_after(Transaction& transaction, std::int64_t after, int most,
                                             std::size_t most_bytes);

// The server has all events through that one.
void keep_forwarded(Transaction& transaction, const std::string& server, std::int64_t through);

// The last event that every server that is waited for has; nothing where none is configured.
std::optional<std::int64_t> forwarded_to_all(Transaction& transaction);

struct AuditBacklog {
    std::string server;
    std::int64_t waiting = 0;               // events
    std::optional<std::int64_t> oldest_at;  // of these; microseconds since 1970 UTC
    std::optional<std::int64_t> last_sent_at;
};
std::vector<AuditBacklog> audit_backlogs(Transaction& transaction);

}  // namespace hilum
