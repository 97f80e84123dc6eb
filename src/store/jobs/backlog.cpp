#include "store/jobs/backlog.h"

#include <nlohmann/json.hpp>

#include "store/database/sql.h"
#include "store/destinations.h"
#include "store/jobs/due_reports.h"

namespace hilum {
namespace {

// A claim must stay cheap however long a queue is: so many of its rows are looked at for each study that
// the bound allows. A study has a few results at most, and what was analysed lies among the oldest that are
// due.
constexpr int rows_for_each_study = 8;

struct Waiting {
    std::int64_t after, until, rows;  // since when it may wait; how many rows are looked at
};

Backlog read_backlog(const sql::Row& row) {
    Backlog backlog;
    backlog.studies = row.int32(0);
    if (!row.is_null(1)) backlog.oldest_at = row.int64(1);
    return backlog;
}

// Reports that the composer could take, and studies of which one is about to be opened.
Backlog waiting_for_reports(Transaction& transaction, const std::vector<std::string>& active_models,
                            const Waiting& waiting) {
    Backlog backlog;
    sql::each(
        transaction,
        "SELECT count(DISTINCT study_id), min(since) FROM (SELECT study_id, due AS since FROM job WHERE "
        "state = 'queued' AND lane = 'compose' AND urgent IN (0, 1) UNION ALL SELECT waits.id, (SELECT "
        "max(updated_at) FROM job WHERE study_id = waits.id AND kind = 'analysis') FROM (SELECT id FROM "
        "study WHERE due_at <= ?2 ORDER BY due_at LIMIT ?3) AS waits WHERE" HILUM_ANALYSED_BY(
            "?4", "waits.id") ") WHERE since > ?1 AND since <= ?2",
        [&](const sql::Row& row) { backlog = read_backlog(row); }, waiting.after, waiting.until, waiting.rows,
        nlohmann::json(active_models).dump());
    return backlog;
}

Backlog waiting_for_destination(Transaction& transaction, const std::string& destination,
                                const Waiting& waiting) {
    Backlog backlog;
    sql::each(
        transaction,
        "SELECT count(DISTINCT study_id), min(since) FROM (SELECT study_id, due AS since FROM job WHERE "
        "state = 'queued' AND lane = ?4 AND attempt = 0 AND urgent IN (0, 1) AND due > ?1 AND due <= ?2 "
        "LIMIT ?3)",
        [&](const sql::Row& row) { backlog = read_backlog(row); }, waiting.after, waiting.until, waiting.rows,
        lane_name(Lane::delivery, destination));
    return backlog;
}

// Where the fewest wait; nothing where no destination can take anything.
Backlog waiting_for_delivery(Transaction& transaction, const AnalysisBound& bound, const Waiting& waiting) {
    std::optional<Backlog> least;
    for (const auto& destination : bound.destinations_up) {
        if (is_paused(transaction, destination)) continue;
        const auto backlog = waiting_for_destination(transaction, destination, waiting);
        if (!least || backlog.studies < least->studies) least = backlog;
    }
    return least.value_or(Backlog{});
}

bool urgent_analysis_is_due(Transaction& transaction, const std::string& model) {
    return sql::number(
               transaction,
               "SELECT 1 FROM job WHERE state = 'queued' AND lane = ? AND urgent = 1 AND due <= ? LIMIT 1",
               lane_name(Lane::analysis, model), transaction.at())
        .has_value();
}

}  // namespace

Backlog backlog_behind_analyses(Transaction& transaction, const AnalysisBound& bound) {
    const Waiting waiting{transaction.at() - Duration(longest_hold).count(), transaction.at(),
                          std::int64_t{rows_for_each_study} * bound.analysed_ahead};
    auto backlog = waiting_for_reports(transaction, bound.active_models, waiting);
    const auto delivery = waiting_for_delivery(transaction, bound, waiting);
    backlog.studies += delivery.studies;
    if (!backlog.oldest_at || (delivery.oldest_at && *delivery.oldest_at < *backlog.oldest_at))
        backlog.oldest_at = delivery.oldest_at;
    return backlog;
}

NextAnalysis claim_within_bound(Transaction& transaction, const std::string& model, Duration lease,
                                const AnalysisBound& bound) {
    const auto backlog = backlog_behind_analyses(transaction, bound);
    const bool held = backlog.studies >= bound.analysed_ahead;
    // An urgent one is claimed before others.
    if (held && !urgent_analysis_is_due(transaction, model))
        return {std::nullopt, *backlog.oldest_at + Duration(longest_hold).count()};
    NextAnalysis next{claim_analysis(transaction, model, lease), std::nullopt};
    if (!next.claim) next.next_at = next_due(transaction, Lane::analysis, model);
    return next;
}

}  // namespace hilum
