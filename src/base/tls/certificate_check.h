// What `hilumd --check` says of a `tls:` block beyond that it can be loaded.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/tls/tls_context.h"

namespace hilum {

enum class TlsSide { server, client };

// Of certificates that can be loaded, what a peer is likely to refuse them for, or soon will, in words:
// dates, the order of the chain, what our certificate may be used for; lists of revoked certificates that are
// out of date. `now`: seconds since 1970 UTC.
std::vector<std::string> doubts_about(const TlsContext& context, TlsSide side, std::int64_t now);

}  // namespace hilum
