// What retention holds, found when it looked last, and would do: for those who look at it. Read-only.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <cstdint>
#include <optional>

#include "store/database/transaction.h"
#include "store/retention/removal.h"

namespace hilum {

// Kept files by kind: objects (received), analyses, results. What nobody has measured yet counts no bytes.
struct KeptBytes {
    std::int64_t objects = 0, analyses = 0, results = 0;
    std::int64_t all() const { return objects + analyses + results; }
};
KeptBytes kept_bytes(Transaction& transaction);

// What a look found; called within a commit. `budget`: nothing where there is none.
void keep_look(Transaction& transaction, std::optional<std::uint64_t> budget, bool over);

// A wall clock that goes on by more than this, and nobody knows of it, may be wrong; once it went on evenly
// for so long while the node ran, it is right.
inline constexpr std::chrono::hours clock_leap{24}, until_leap_counts{24};
// How much longer the node is to run until ages count, as the times in the audit trail tell, whatever starts
// lie between. Zero: they count.
Duration distrust_of_clock(Transaction& transaction);

// How long the node has run, as the times in the audit trail tell, since it lost what it does not know of yet
// (data_history.h), whatever starts lie between; at most `enough`. Zero, too: it knows all.
Duration ran_unreconciled(Transaction& transaction, Duration enough);

// {"kept": {kind: {files, bytes}}, "budget_bytes" (null: none, or never looked), "over_budget_since",
// "looked_at", "removals_waiting", "studies": {"on_disk", "removed", "held"}, "holds":
// [{study_instance_uid, accession_number, held_at, held_by, reason, removed_at}], "audit_begins_after":
// event}
nlohmann::json retention_status(Transaction& transaction);

// What a look would take now, by the rules and the budget given: {"kept_bytes", "budget_bytes",
// "high_watermark_bytes", "total": {reason: {studies, files, bytes}}, "studies": the first so many, oldest
// first [{study_instance_uid, accession_number, reason, files, bytes, last_at}], "stays": {"held", "busy",
// "failed": {studies, bytes}}}
nlohmann::json preview_of_retention(Transaction& transaction, const RetentionSettings& settings,
                                    std::optional<std::uint64_t> budget, Duration quiet);
inline constexpr std::size_t most_previewed = 200;

}  // namespace hilum
