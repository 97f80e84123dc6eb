// Which audit events `hilum audit export` prints.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/error.h"

namespace hilum::cli {

// What is not set does not restrict.
struct AuditFilter {
    std::optional<Timestamp> from, before;
    std::string study_instance_uid;
};

// `from` and `to` as parse_named_utc reads them, or empty: from the beginning of the one to the end of the
// other, which is that of the day where it is a day. Code "usage" for what is no time.
Result<AuditFilter> audit_filter(const std::string& from, const std::string& to,
                                 const std::string& study_instance_uid);

bool matches(const AuditFilter& filter, const nlohmann::json& event);

}  // namespace hilum::cli
