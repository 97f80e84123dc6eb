#include "store/audit/newest_head.h"

#include "base/clock.h"
#include "store/audit/signed_head.h"
#include "store/data_history.h"

namespace hilum {

std::string sign_newest(Transaction& transaction, const SigningKey& key) {
    const auto mark = mark_of(transaction);
    if (mark.audit_id == 0) return "";
    const auto at = to_iso8601(from_microseconds(transaction.at()));
    return audit::line_of(audit::sign_head(mark.audit_id, mark.audit_hash, at, key));
}

}  // namespace hilum
