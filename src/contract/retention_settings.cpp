#include "contract/retention_settings.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "contract/reading/setting_reading.h"

namespace hilum {
namespace {

nlohmann::json microseconds(const std::optional<Duration>& duration) {
    return duration ? nlohmann::json(duration->count()) : nlohmann::json();
}

std::optional<Duration> duration_in(const nlohmann::json& json) {
    if (json.is_null()) return std::nullopt;
    return Duration(json.get<std::int64_t>());
}

void read_budget(YamlMapping& at, RetentionSettings& retention) {
    const auto text = at.string("budget", "auto");
    if (text == "auto") return;
    retention.budget_kind = text == "none" ? BudgetKind::none : BudgetKind::bytes;
    if (text == "none") return;
    const auto bytes = parse_size(text);
    if (!bytes)
        at.problem("budget", "must be a size such as 500GiB, auto, or none");
    else if (*bytes == 0)
        at.problem("budget", "must be more than 0, auto, or none");
    else
        retention.budget = *bytes;
}

}  // namespace

void to_json(nlohmann::json& json, const RetentionSettings& settings) {
    json = {{"keep", microseconds(settings.keep)},
            {"keep_priors", microseconds(settings.keep_priors)},
            {"keep_replaced", microseconds(settings.keep_replaced)},
            {"keep_captures", microseconds(settings.keep_captures)},
            {"keep_failed", microseconds(settings.keep_failed)},
            {"remember", settings.remember.count()},
            {"budget_kind", static_cast<int>(settings.budget_kind)},
            {"budget", settings.budget},
            {"low_watermark", settings.low_watermark}};
}

void from_json(const nlohmann::json& json, RetentionSettings& settings) {
    settings.keep = duration_in(json.at("keep"));
    settings.keep_priors = duration_in(json.at("keep_priors"));
    settings.keep_replaced = duration_in(json.at("keep_replaced"));
    settings.keep_captures = duration_in(json.at("keep_captures"));
    settings.keep_failed = duration_in(json.at("keep_failed"));
    settings.remember = Duration(json.at("remember").get<std::int64_t>());
    const int kind = json.at("budget_kind").get<int>();
    if (kind < 0 || kind > static_cast<int>(BudgetKind::bytes))
        throw nlohmann::json::other_error::create(599, "no such kind of budget", &json);
    settings.budget_kind = static_cast<BudgetKind>(kind);
    json.at("budget").get_to(settings.budget);
    json.at("low_watermark").get_to(settings.low_watermark);
}

void read_retention(YamlMapping at, RetentionSettings& retention) {
    retention.keep = positive_or_none(at, "keep", retention.keep);
    retention.keep_priors = positive_or_none(at, "keep_priors", retention.keep_priors);
    retention.keep_replaced = positive_or_none(at, "keep_replaced", retention.keep_replaced);
    retention.keep_captures = positive_or_none(at, "keep_captures", retention.keep_captures);
    retention.keep_failed = positive_or_none(at, "keep_failed", retention.keep_failed);
    retention.remember = positive_duration(at, "remember", retention.remember);
    read_budget(at, retention);
    retention.low_watermark = static_cast<int>(at.integer("low_watermark", retention.low_watermark, 1, 100));
    at.finish();
}

std::optional<std::uint64_t> budget_now(const RetentionSettings& retention, std::uint64_t kept,
                                        std::uint64_t free, std::uint64_t min_free_space) {
    if (retention.budget_kind == BudgetKind::none) return std::nullopt;
    const auto ours = kept + free;
    const auto most = ours > 2 * min_free_space ? ours - 2 * min_free_space : 0;
    if (retention.budget_kind == BudgetKind::bytes) return std::min(retention.budget, most);
    return std::min(ours / 100 * budget_share, most);
}

std::int64_t low_watermark_of(std::uint64_t budget, const RetentionSettings& retention) {
    const auto percent = static_cast<std::uint64_t>(retention.low_watermark);
    return static_cast<std::int64_t>(budget / 100 * percent + budget % 100 * percent / 100);
}

std::int64_t high_watermark_of(std::uint64_t budget, const RetentionSettings& retention) {
    const auto low = low_watermark_of(budget, retention);
    return low + static_cast<std::int64_t>((budget - static_cast<std::uint64_t>(low)) / 4);
}

std::int64_t bytes_to_go(std::int64_t kept, std::optional<std::uint64_t> budget,
                         const RetentionSettings& retention) {
    if (!budget || kept <= high_watermark_of(*budget, retention)) return 0;
    return kept - low_watermark_of(*budget, retention);
}

}  // namespace hilum
