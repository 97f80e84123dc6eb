// Which audit events `hilum audit export` prints.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace hilum::cli {

// Empty members do not restrict. Times are beginnings of ISO 8601 in UTC: "2026-11-23", "2026-11-23T22:24".
struct AuditFilter {
    std::string from, to;  // both inclusive: `to` a day means its end
    std::string study_instance_uid;
};

bool matches(const AuditFilter& filter, const nlohmann::json& event);

}  // namespace hilum::cli
