#include "store/audit/newest_head.h"

#include "base/clock.h"
#include "store/audit/signed_head.h"
#include "store/database/sql.h"

namespace hilum {

std::string sign_newest(Transaction& transaction, const SigningKey& key) {
    std::string line;
    sql::each(transaction, "SELECT id, hash FROM audit_event ORDER BY id DESC LIMIT 1",
              [&](const sql::Row& row) {
                  const auto at = to_iso8601(from_microseconds(transaction.at()));
                  line = audit::line_of(audit::sign_head(row.int64(0), row.text(1), at, key));
              });
    return line;
}

}  // namespace hilum
