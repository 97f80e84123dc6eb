#include "store/audit/newest_head.h"

#include "base/clock.h"
#include "store/audit/audit_rows.h"
#include "store/audit/signed_head.h"

namespace hilum {

std::string sign_newest(Transaction& transaction, const SigningKey& key) {
    const auto [event, hash] = newest_audit_event(transaction);
    if (event == 0) return "";
    const auto at = to_iso8601(from_microseconds(transaction.at()));
    return audit::line_of(audit::sign_head(event, hash, at, key));
}

}  // namespace hilum
