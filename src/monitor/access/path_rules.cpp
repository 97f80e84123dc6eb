#include "monitor/access/path_rules.h"

namespace hilum::monitor {

std::optional<AccessRole> needed_role(std::string_view path) {
    if (path == "/api/v1/status") return AccessRole::status;
    if (path == "/api/v1/predict") return AccessRole::act;
    if (path.starts_with("/api/")) return AccessRole::read;
    return std::nullopt;  // the page, which is empty, health, metrics
}

}  // namespace hilum::monitor
