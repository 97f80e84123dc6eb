#include "store/jobs/damaged_results.h"

#include <nlohmann/json.hpp>
#include <optional>

#include "store/audit/audit_event.h"
#include "store/database/sql.h"
#include "store/jobs/reports.h"
#include "store/jobs/states.h"
#include "store/recovery/earlier_life.h"
#include "store/retention/removed_files.h"

namespace hilum {
namespace {

// result.on_demand: of a file that retention took, since it can be made again; and that is made again.
enum class OnDemand { no, taken, asked_for };

struct DamagedResult {
    std::int64_t report = 0, result = 0;
    int composed_anew = 0;
    std::string study_instance_uid, sop_instance_uid, file, destination, report_is;
    bool of_the_past = false;  // a newer version of the report was made
    OnDemand on_demand = OnDemand::no;

    bool report_waits() const { return report_is == "queued" || report_is == "running"; }
};

std::optional<DamagedResult> read_damaged(Transaction& transaction, std::int64_t delivery) {
    std::optional<DamagedResult> damaged;
    sql::each(
        transaction,
        "SELECT report.id, result.id, result.composed_anew, study_instance_uid, sop_instance_uid, file, "
        "destination, job.word, "
        "EXISTS (SELECT 1 FROM report AS newer WHERE newer.study_id = report.study_id AND newer.model = "
        "report.model AND newer.version > report.version), on_demand FROM delivery JOIN result ON result.id "
        "= result_id "
        "JOIN report ON report.id = report_id JOIN study ON study.id = report.study_id JOIN job ON job.lane "
        "= "
        "'compose' AND job.subject = report.id WHERE delivery.id = ?",
        [&](const sql::Row& row) {
            damaged = {row.int64(0), row.int64(1), row.int32(2), row.text(3),       row.text(4),
                       row.text(5),  row.text(6),  row.text(7),  row.int32(8) != 0, OnDemand{row.int32(9)}};
        },
        delivery);
    return damaged;
}

bool queue_again(Transaction& transaction, const DamagedResult& damaged) {
    // Another delivery found it before.
    if (damaged.report_waits()) return true;
    if (damaged.on_demand != OnDemand::taken && damaged.composed_anew >= most_composed_anew) return false;
    if (!compose_again(transaction, damaged.report)) return false;
    sql::execute(transaction, "UPDATE report SET composed_anew = composed_anew + 1 WHERE id = ?",
                 damaged.report);
    // What retention took is to be there again; once more than that would be damage.
    sql::execute(transaction,
                 "UPDATE result SET composed_anew = composed_anew + (on_demand != 1), removed_at = iif("
                 "on_demand = 1, NULL, removed_at), on_demand = iif(on_demand = 1, 2, 0) WHERE id = ?",
                 damaged.result);
    return true;
}

bool was_damaged_before(Transaction& transaction, const Claim& delivery) {
    return sql::number(transaction, "SELECT 1 FROM job WHERE id = ? AND error_code = ?", delivery.id(),
                       std::string(result_damaged))
        .has_value();
}

// It was told before, or there was nothing to tell; it waits until the composer is through.
bool is_awaited(Transaction& transaction, const Claim& delivery, const DamagedResult& damaged) {
    if (damaged.on_demand == OnDemand::taken) return true;
    return damaged.report_waits() &&
           (damaged.on_demand == OnDemand::asked_for || was_damaged_before(transaction, delivery));
}

// An image that was replaced may be about to come back as it was.
bool is_at_work(Transaction& transaction, std::int64_t report) {
    return sql::number(
               transaction,
               "SELECT 1 FROM report JOIN study ON study.id = study_id WHERE report.id = ? AND (due_at"
               " IS NOT NULL OR EXISTS (SELECT 1 FROM job WHERE job.study_id = study.id AND job.kind IN"
               " ('analysis', 'report') AND job.state IN ('queued', 'running')))",
               report)
        .has_value();
}

JobState judge_damage(Transaction& transaction, const Claim& delivery, const DamagedResult& damaged) {
    const bool again = was_damaged_before(transaction, delivery);
    if (again && damaged.of_the_past && damaged.report_is == "composed") {
        if (is_at_work(transaction, damaged.report)) return JobState::queued;
        return queue_again(transaction, damaged) ? JobState::queued : JobState::discarded;
    }
    // It waited for a report that failed for good: both wait for an operator.
    if (again && damaged.report_is == "quarantined") return JobState::refused;
    return queue_again(transaction, damaged) ? JobState::queued : JobState::refused;
}

// ---- what was composed anew ----

constexpr const char* other_bytes =
    "composed anew it is not what the destination may have under its UID, and is not sent: Hilum, fonts or "
    "libraries are others than those that it was made with, or nobody kept those. Where the destination lost "
    "it, "
    "withdraw the study's results and analyse one of its images again (hilum jobs retry analysis/ID), which "
    "makes results with UIDs of their own";

bool was_seen_by_nobody(Transaction& transaction, const std::string& sop_instance_uid) {
    return sql::number(transaction,
                       "SELECT 1 FROM result WHERE sop_instance_uid = ? AND NOT EXISTS (SELECT 1 FROM "
                       "delivery WHERE result_id = result.id AND tried = 1)",
                       sop_instance_uid)
        .has_value();
}

// Those at a sender now find that its file is another, and it is composed once more.
int refuse_waiting(Transaction& transaction, std::int64_t result) {
    const auto [state, outcome] = stored(JobState::refused);
    return sql::execute(transaction,
                        "UPDATE job SET state = ?1, outcome = ?2, error = ?3, error_code = ?4, updated_at = "
                        "?5 WHERE kind = 'delivery' AND state = 'queued' AND subject IN (SELECT id FROM "
                        "delivery WHERE result_id = ?6)",
                        state, outcome, std::string(other_bytes), std::string(result_differs),
                        transaction.at(), result);
}

void refuse_other(Transaction& transaction, const ComposedResult& made) {
    std::int64_t result = 0;
    bool picture = false;
    audit::AuditEvent event;
    sql::each(
        transaction,
        "SELECT result.id, result.kind IN ('sc', 'pr'), sha256, study_instance_uid FROM result JOIN report "
        "ON report.id = report_id JOIN study ON study.id = study_id WHERE sop_instance_uid = ?",
        [&](const sql::Row& row) {
            result = row.int64(0);
            picture = row.int32(1) != 0;
            event.detail = {{"sha256", made.sha256}, {"sha256_before", row.text(2)}};
            event.study_instance_uid = row.text(3);
        },
        made.sop_instance_uid);
    if (picture) take_result_file(transaction, result, ResultFile::can_be_made_again);
    event.type = "result_differs";
    event.outcome = "failure";
    event.actor = "hilum";
    event.sop_instance_uid = made.sop_instance_uid;
    event.detail["deliveries_refused"] = refuse_waiting(transaction, result);
    transaction.append_audit(event);
}

}  // namespace

void give_up_file(Transaction& transaction, std::int64_t delivery, bool of_the_past) {
    const auto result = sql::number(
        transaction,
        "SELECT result_id FROM delivery AS last WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM delivery JOIN "
        "job ON lane IN ('deliver/' || destination, 'commit/' || destination) AND subject = "
        "delivery.id WHERE result_id = last.result_id AND (delivery.id != ?1 OR kind != 'delivery') AND "
        "job.state IN ('queued', 'running', 'set_aside'))",
        delivery);
    if (!result) return;
    // A picture that is told of again, since its image is back as it was, is made again.
    const bool picture =
        sql::number(transaction, "SELECT 1 FROM result WHERE id = ? AND kind IN ('sc', 'pr')", *result)
            .has_value();
    take_result_file(transaction, *result,
                     picture && of_the_past ? ResultFile::can_be_made_again : ResultFile::is_gone);
}

JobState compose_anew(Transaction& transaction, const Claim& delivery, const std::string& message) {
    const auto damaged = read_damaged(transaction, delivery.job());
    if (!damaged) return JobState::refused;
    const auto state = judge_damage(transaction, delivery, *damaged);
    if (state == JobState::queued && is_awaited(transaction, delivery, *damaged)) return state;
    if (state == JobState::discarded) give_up_file(transaction, delivery.job(), false);
    audit::AuditEvent event;
    event.type = "result_damaged";
    event.outcome = "failure";
    event.actor = "hilum";
    event.study_instance_uid = damaged->study_instance_uid;
    event.sop_instance_uid = damaged->sop_instance_uid;
    event.detail = {{"destination", damaged->destination},
                    {"file", damaged->file},
                    {"message", message},
                    {"composed_anew", state == JobState::queued}};
    transaction.append_audit(event);
    transaction.count("results_damaged");
    return state;
}

void note_composed_anew(Transaction& transaction, std::int64_t report, const ComposedResult& result) {
    const auto& uid = result.sop_instance_uid;
    if (!sql::number(transaction, "SELECT 1 FROM result WHERE sop_instance_uid = ? AND report_id = ?", uid,
                     report))
        return;
    // Where retention had removed its file, there is one again.
    sql::execute(transaction,
                 "DELETE FROM removal WHERE folder = 'results' AND file = (SELECT file FROM result WHERE "
                 "sop_instance_uid = ?)",
                 uid);
    sql::execute(
        transaction,
        "UPDATE result SET removed_at = NULL, bytes = NULL, on_demand = 0 WHERE sop_instance_uid = ?", uid);
    const bool same =
        sql::number(transaction, "SELECT 1 FROM result WHERE sop_instance_uid = ? AND sha256 = ?", uid,
                    result.sha256)
            .has_value();
    if (!same && !was_seen_by_nobody(transaction, uid)) return refuse_other(transaction, result);
    sql::execute(transaction, "UPDATE result SET sha256 = ?, made_with = ? WHERE sop_instance_uid = ?",
                 result.sha256, text_of(result.made_with), uid);
    if (!same) note_result(transaction, uid);
}

std::string text_of(const MadeWith& with) {
    return is_kept(with) ? nlohmann::json(with).dump() : "";
}

}  // namespace hilum
