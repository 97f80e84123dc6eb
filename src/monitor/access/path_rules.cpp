#include "monitor/access/path_rules.h"

#include <algorithm>
#include <array>

namespace hilum::monitor {
namespace {

struct PathRule {
    std::string_view path;
    AccessRole needed;
};
constexpr std::array path_rules{
    PathRule{"/api/v1/status", AccessRole::status}, PathRule{"/api/v1/predict", AccessRole::act},
    PathRule{"/api/v1/studies", AccessRole::read}, PathRule{"/api/v1/jobs", AccessRole::read}};

}  // namespace

std::optional<AccessRole> needed_role(std::string_view path) {
    const auto* const rule = std::ranges::find(path_rules, path, &PathRule::path);
    if (rule != path_rules.end()) return rule->needed;
    if (path.starts_with("/api/")) return AccessRole::read;
    return std::nullopt;  // the page, which is empty, health, metrics
}

std::string_view audited_path(std::string_view path) {
    const bool known = std::ranges::find(path_rules, path, &PathRule::path) != path_rules.end();
    return known ? path : "other";
}

}  // namespace hilum::monitor
