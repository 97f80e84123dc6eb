#include "store/jobs/backlog.h"

#include "store/database/sql.h"
#include "store/destinations.h"

namespace hilum {
namespace {

// A claim must stay cheap however long a queue is: of studies that are due, twice as many as the bound allows
// are looked at, for those that are analysed lie among the oldest; of results eight times as many, for a
// study has a few of them.
struct Waiting {
    std::int64_t after, until;  // since when it may wait
    int studies;                // that the bound allows
};

Backlog read_backlog(const sql::Row& row) {
    Backlog backlog;
    backlog.studies = row.int32(0);
    if (!row.is_null(1)) backlog.oldest_at = row.int64(1);
    return backlog;
}

// Reports that the composer could take, and studies of which one is about to be opened.
Backlog waiting_for_reports(Transaction& transaction, const Waiting& waiting) {
    Backlog backlog;
    sql::each(
        transaction,
        "SELECT count(DISTINCT study_id), min(since) FROM ("
        "SELECT study_id, next_attempt_at AS since FROM report WHERE state = 'queued' AND urgent IN (0, 1)"
        " UNION ALL SELECT due.id, (SELECT max(analysis.updated_at) FROM instance"
        " JOIN analysis ON analysis.instance_id = instance.id WHERE instance.study_id = due.id)"
        " FROM (SELECT id FROM study WHERE due_at <= ?2 ORDER BY due_at LIMIT 2 * ?3) AS due"
        " WHERE NOT EXISTS (SELECT 1 FROM instance JOIN analysis ON analysis.instance_id = instance.id"
        " WHERE instance.study_id = due.id AND instance.state = 'to_analyse'"
        " AND analysis.state IN ('queued', 'running'))"
        ") WHERE since > ?1 AND since <= ?2",
        [&](const sql::Row& row) { backlog = read_backlog(row); }, waiting.after, waiting.until,
        waiting.studies);
    return backlog;
}

Backlog waiting_for_destination(Transaction& transaction, const std::string& destination,
                                const Waiting& waiting) {
    Backlog backlog;
    sql::each(
        transaction,
        "SELECT count(DISTINCT study_id), min(since) FROM ("
        "SELECT result_id, next_attempt_at AS since FROM delivery WHERE state = 'queued' AND destination = ?4"
        " AND urgent IN (0, 1) AND next_attempt_at > ?1 AND next_attempt_at <= ?2 LIMIT 8 * ?3"
        ") JOIN result ON result.id = result_id JOIN report ON report.id = result.report_id",
        [&](const sql::Row& row) { backlog = read_backlog(row); }, waiting.after, waiting.until,
        waiting.studies, destination);
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
    return sql::number(transaction,
                       "SELECT 1 FROM analysis WHERE state = 'queued' AND model = ? AND urgent = 1 AND "
                       "next_attempt_at <= ? LIMIT 1",
                       model, transaction.at())
        .has_value();
}

}  // namespace

Backlog backlog_behind_analyses(Transaction& transaction, const AnalysisBound& bound) {
    const Waiting waiting{transaction.at() - Duration(longest_hold).count(), transaction.at(),
                          bound.analysed_ahead};
    auto backlog = waiting_for_reports(transaction, waiting);
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
