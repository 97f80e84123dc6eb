// For how long what is received and made is kept here (config/hilum.yaml: retention, audit).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/units.h"
#include "contract/declare_json.h"

namespace hilum {

class YamlMapping;

enum class BudgetKind { none, of_disk, bytes };

struct RetentionSettings {
    static constexpr std::chrono::hours day{24};
    // Since the last thing that happened to a study; none: as long as the budget lasts, of `failed` for ever.
    std::optional<Duration> keep = 30 * day;
    std::optional<Duration> keep_priors = 2 * day;    // of studies that hold nothing else
    std::optional<Duration> keep_replaced = 1 * day;  // objects in whose place a newer version came
    // Captures that every destination has: they are composed anew, the same bytes, when they are sent again.
    std::optional<Duration> keep_captures = 3 * day;
    std::optional<Duration> keep_failed = 90 * day;  // what waits for an operator
    Duration remember = 180 * day;                   // a study whose files are gone
    BudgetKind budget_kind = BudgetKind::of_disk;
    std::uint64_t budget = 0;  // bytes
    int low_watermark = 90;    // percent of the budget: down to this, where files come near it
    bool operator==(const RetentionSettings&) const = default;
};

HILUM_JSON(RetentionSettings)  // durations in microseconds, null: none

void read_retention(YamlMapping at, RetentionSettings& retention);

// Bytes that may be kept where `kept` are now and `free` more would fit; nothing: any number. Of a disk it is
// budget_share of what the node could fill. Whatever was set, twice `min_free_space` stays free, so that
// receiving goes on when somebody else fills the disk.
std::optional<std::uint64_t> budget_now(const RetentionSettings& retention, std::uint64_t kept,
                                        std::uint64_t free, std::uint64_t min_free_space);
inline constexpr int budget_share = 80;  // percent

// Bytes down to which files go once they come near `budget`.
std::int64_t low_watermark_of(std::uint64_t budget, const RetentionSettings& retention);

// Bytes from which on they go: a quarter of the room between low watermark and budget is taken, and the rest
// is for what is received until it is seen and until files are gone.
std::int64_t high_watermark_of(std::uint64_t budget, const RetentionSettings& retention);

// How many of `kept` bytes are to go; 0 up to the high watermark.
std::int64_t bytes_to_go(std::int64_t kept, std::optional<std::uint64_t> budget,
                         const RetentionSettings& retention);

}  // namespace hilum
