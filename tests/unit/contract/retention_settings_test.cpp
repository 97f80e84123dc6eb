#include "contract/retention_settings.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "base/yaml_reader.h"
#include "contract/configuration.h"

namespace hilum {
namespace {

using std::chrono::hours;
constexpr std::uint64_t gib = 1ULL << 30;

LoadedConfiguration parse_text(const std::string& text) {
    return parse_configuration(text, "hilum.yaml");
}

TEST(RetentionSettings, ReadsEachKey) {
    const auto loaded = parse_text(
        "retention: {keep: 10d, keep_priors: 1h, keep_replaced: none, keep_captures: 2h, keep_failed: none, "
        "remember: 1y, "
        "budget: 2GiB,"
        " low_watermark: 75}\naudit: {keep: 10y}");
    EXPECT_TRUE(loaded.problems.empty());
    const auto& retention = loaded.configuration.retention;
    EXPECT_EQ(retention.keep, hours(240));
    EXPECT_EQ(retention.keep_priors, hours(1));
    EXPECT_EQ(retention.keep_replaced, std::nullopt);
    EXPECT_EQ(retention.keep_captures, hours(2));
    EXPECT_EQ(retention.keep_failed, std::nullopt);
    EXPECT_EQ(retention.remember, std::chrono::years(1));
    EXPECT_EQ(retention.budget_kind, BudgetKind::bytes);
    EXPECT_EQ(retention.budget, 2 * gib);
    EXPECT_EQ(retention.low_watermark, 75);
    EXPECT_EQ(loaded.configuration.audit.keep, std::chrono::years(10));
    EXPECT_EQ(parse_text("retention: {budget: none}").configuration.retention.budget_kind, BudgetKind::none);
    EXPECT_EQ(parse_text("retention: {budget: auto}").configuration.retention, RetentionSettings{});
}

TEST(RetentionSettings, TellsMistakes) {
    for (const auto* text : {"retention: {keep: 0s}", "retention: {budget: many}", "retention: {budget: 0B}",
                             "retention: {low_watermark: 0}", "retention: {remember: none}",
                             "audit: {keep: 0s}", "retention: {keeps: 1d}"}) {
        const auto loaded = parse_text(text);
        EXPECT_EQ(loaded.problems.size(), 1u) << text;
    }
}

TEST(RetentionSettings, CrossProcessesAsJson) {
    RetentionSettings settings;
    settings.keep = std::nullopt;
    settings.budget_kind = BudgetKind::bytes;
    settings.budget = 7;
    EXPECT_EQ(nlohmann::json(settings).get<RetentionSettings>(), settings);
    auto wrong = nlohmann::json(settings);
    wrong["budget_kind"] = 9;
    EXPECT_THROW(wrong.get<RetentionSettings>(), nlohmann::json::exception);
}

TEST(RetentionSettings, TheBudgetLeavesRoomToFinishWhatIsThere) {
    RetentionSettings settings;
    EXPECT_EQ(budget_now(settings, 100 * gib, 100 * gib, gib), 160 * gib);
    settings.budget_kind = BudgetKind::bytes;
    settings.budget = 50 * gib;
    EXPECT_EQ(budget_now(settings, 100 * gib, 100 * gib, gib), 50 * gib);
    EXPECT_EQ(budget_now(settings, 10 * gib, 1 * gib, gib), 9 * gib) << "somebody else fills the disk";
    EXPECT_EQ(budget_now(settings, 1 * gib, 0, gib), 0u);
    settings.budget_kind = BudgetKind::none;
    EXPECT_EQ(budget_now(settings, 100 * gib, 0, gib), std::nullopt);
    settings.low_watermark = 90;
    EXPECT_EQ(low_watermark_of(25, settings), 22);
    EXPECT_EQ(low_watermark_of(1ULL << 62, settings), 4150517416584649113);
}

TEST(RetentionSettings, LeavesRoomBelowTheBudgetForWhatComesUntilFilesAreGone) {
    RetentionSettings settings;
    settings.low_watermark = 90;
    EXPECT_EQ(bytes_to_go(925, 1000, settings), 0);
    EXPECT_EQ(bytes_to_go(926, 1000, settings), 26);
    EXPECT_EQ(bytes_to_go(5000, 1000, settings), 4100);
    EXPECT_EQ(bytes_to_go(5000, std::nullopt, settings), 0);
    EXPECT_EQ(bytes_to_go(1, 0, settings), 1);
    settings.low_watermark = 100;
    EXPECT_EQ(bytes_to_go(1000, 1000, settings), 0);
    EXPECT_EQ(bytes_to_go(1001, 1000, settings), 1);
}

}  // namespace
}  // namespace hilum
