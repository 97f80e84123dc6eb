#include "store/withdrawals.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "store/audit/audit_event.h"
#include "store/database/json_rows.h"
#include "store/jobs/claim.h"
#include "store/jobs/study_named.h"
#include "store/recovery/earlier_life.h"
#include "store/recovery/earlier_results.h"
#include "store/study_rows.h"

namespace hilum {
namespace {

struct Withdrawn {
    std::int64_t study = 0, version = 0, number = 1, at = 0;
    std::string study_instance_uid;
    std::vector<std::string> models;
};

// Of results that stand.
std::vector<std::string> models_to_take_back(Transaction& transaction, std::int64_t study) {
    std::vector<std::string> models;
    sql::each(
        transaction,
        "SELECT DISTINCT model FROM report JOIN result ON result.report_id = report.id WHERE study_id = ?"
        " AND report.kind = 'results' AND withdrawn = 0 ORDER BY model",
        [&](const sql::Row& row) { models.push_back(row.text(0)); }, study);
    return models;
}

// Of which only the journal tells yet what was made. A study that is not known is found by its UID alone.
std::vector<std::string> studies_with_earlier_results(Transaction& transaction,
                                                      const WithdrawalOrder& order) {
    std::vector<std::string> studies;
    sql::each(
        transaction,
        "SELECT study_instance_uid FROM study WHERE " HILUM_STUDY_NAMED("?1", "?2") " UNION SELECT ?1 WHERE"
        " ?1 != '' AND ?2 = '' ORDER BY 1",
        [&](const sql::Row& row) { studies.push_back(row.text(0)); }, order.study_instance_uid,
        order.accession_number);
    std::erase_if(studies,
                  [&](const std::string& study) { return !has_earlier_results(transaction, study); });
    return studies;
}

// Those that have something to take back, or were about to.
std::vector<Withdrawn> studies_of(Transaction& transaction, const WithdrawalOrder& order) {
    std::vector<Withdrawn> all;
    sql::each(
        transaction,
        "SELECT id, report_version + 1, withdrawals + 1, study_instance_uid FROM study"
        " WHERE " HILUM_STUDY_NAMED("?1", "?2") " AND (due_at IS NOT NULL OR EXISTS (SELECT 1 FROM job JOIN report ON report.id = subject WHERE"
        " job.study_id = study.id AND job.kind = 'report' AND report.kind = 'results' AND withdrawn = 0"
        " AND state != 'discarded')) ORDER BY id",
        [&](const sql::Row& row) {
            all.push_back({row.int64(0), row.int64(1), row.int64(2), transaction.at(), row.text(3), {}});
        },
        order.study_instance_uid, order.accession_number);
    for (auto& withdrawn : all) withdrawn.models = models_to_take_back(transaction, withdrawn.study);
    return all;
}

void stop_results(Transaction& transaction, const Withdrawn& withdrawn) {
    const std::int64_t at = transaction.at();
    discard_unmade_reports(transaction, withdrawn.study, "the results were withdrawn");
    sql::execute(transaction,
                 "UPDATE report SET withdrawn = ? WHERE study_id = ? AND kind = 'results' AND withdrawn = 0",
                 withdrawn.version, withdrawn.study);
    sql::execute(transaction,
                 "UPDATE job SET updated_at = ? WHERE lane = 'compose' AND subject IN (SELECT id FROM report"
                 " WHERE study_id = ? AND withdrawn = ?)",
                 at, withdrawn.study, withdrawn.version);
#define HILUM_OF_WITHDRAWN                                                                           \
    " AND study_id = ?1 AND subject IN (SELECT delivery.id FROM delivery JOIN result ON result.id =" \
    " result_id JOIN report ON report.id = report_id WHERE report.study_id = ?1 AND withdrawn = ?2)"
    sql::execute(transaction,
                 "UPDATE job SET state = 'discarded', outcome = '', error = 'the results were withdrawn',"
                 " updated_at = ?3 WHERE kind = 'delivery' AND state IN ('queued', "
                 "'set_aside')" HILUM_OF_WITHDRAWN,
                 withdrawn.study, withdrawn.version, at);
    sql::execute(transaction,
                 "UPDATE job SET state = 'discarded', outcome = '', updated_at = ?3 WHERE kind = "
                 "'commitment'" HILUM_OF_WITHDRAWN,
                 withdrawn.study, withdrawn.version, at);
#undef HILUM_OF_WITHDRAWN
}

void take_back(Transaction& transaction, const Withdrawn& withdrawn, const WithdrawalOrder& order) {
    stop_results(transaction, withdrawn);
    const nlohmann::json detail = {{"reason", order.reason}, {"note", order.note}};
    for (const auto& model : withdrawn.models) {
        sql::execute(transaction,
                     "INSERT INTO report(study_id, model, version, kind, detail) VALUES(?, ?, ?,"
                     " 'withdrawal', ?)",
                     withdrawn.study, model, withdrawn.version, detail.dump());
        queue_job(transaction, Lane::report, "", sql::last_id(transaction), withdrawn.study);
    }
    sql::execute(transaction,
                 "UPDATE study SET report_version = ?1, withdrawn_at = iif(?2, withdrawn_at, ?3),"
                 " withdrawals = ?4, due_at = NULL, first_pending_at = NULL WHERE id = ?5",
                 withdrawn.version, is_correction(order.reason) ? 1 : 0, withdrawn.at, withdrawn.number,
                 withdrawn.study);
}

}  // namespace

int withdraw_results(Transaction& transaction, const WithdrawalOrder& order, const std::string& actor) {
    for (const auto& study : studies_with_earlier_results(transaction, order))
        restore_earlier_study(transaction, study);
    const auto studies = studies_of(transaction, order);
    for (const auto& withdrawn : studies) {
        take_back(transaction, withdrawn, order);
        note_withdrawal(transaction, {withdrawn.study_instance_uid, withdrawn.at, withdrawn.number,
                                      withdrawn.version, order.reason, order.note});
        audit::AuditEvent event;
        event.type = "results_withdrawn";
        event.actor = actor;
        event.study_instance_uid = withdrawn.study_instance_uid;
        event.detail = {{"reason", order.reason}, {"note", order.note}, {"models", withdrawn.models}};
        transaction.append_audit(event);
        transaction.count("withdrawals", {{"reason", order.reason}});
    }
    return static_cast<int>(studies.size());
}

bool withdraw_again(Transaction& transaction, const EarlierWithdrawal& earlier) {
    know_study(transaction, earlier.study_instance_uid, earlier.at);
    std::optional<Withdrawn> withdrawn;
    // A Hilum that noted no version may have reported some that only the journal knows.
    sql::each(
        transaction,
        "SELECT id, max(report_version + 1, iif(?2 > 0, ?2, coalesce((SELECT version + 1 FROM earlier_study"
        " WHERE earlier_study.study_instance_uid = study.study_instance_uid), 0))) FROM study WHERE"
        " study_instance_uid = ?1 AND withdrawals < ?3",
        [&](const sql::Row& row) {
            withdrawn = Withdrawn{
                row.int64(0), row.int64(1), earlier.number, earlier.at, earlier.study_instance_uid, {}};
        },
        earlier.study_instance_uid, earlier.version, earlier.number);
    if (!withdrawn) return false;
    if (!earlier.reason.empty()) {
        restore_earlier_study(transaction, earlier.study_instance_uid);
        withdrawn->models = models_to_take_back(transaction, withdrawn->study);
    }
    take_back(transaction, *withdrawn, {earlier.study_instance_uid, "", earlier.reason, earlier.note});
    return true;
}

namespace {

nlohmann::json preview_of_study(Transaction& transaction, const std::string& uid) {
    const auto id = sql::number(transaction, "SELECT id FROM study WHERE study_instance_uid = ?", uid);
    const auto study = id.value_or(0);
    nlohmann::json preview = {{"study_instance_uid", uid}, {"accession_number", ""}, {"study_date", ""}};
    if (id)
        preview =
            sql::select(transaction,
                        "SELECT study_instance_uid, accession_number, study_date FROM study WHERE id = ?",
                        study)
                .at(0);
    preview["reports"] = sql::select(
        transaction,
        "SELECT model, version, word AS state FROM report JOIN job ON lane = 'compose' AND subject ="
        " report.id WHERE report.study_id = ?1 AND report.kind = 'results' AND withdrawn = 0"
        " AND word != 'discarded' UNION SELECT model, version, 'composed' FROM earlier_result WHERE"
        " study_instance_uid = ?2 AND kind != 'ko' AND NOT EXISTS (SELECT 1 FROM report WHERE study_id = ?1"
        " AND report.model = earlier_result.model AND report.version = earlier_result.version)"
        " ORDER BY model, version",
        study, uid);
    preview["notes_to"] = nlohmann::json::array();
    sql::each(
        transaction,
        "SELECT destination FROM delivery JOIN result ON result.id = result_id JOIN report"
        " ON report.id = report_id WHERE study_id = ?1 AND report.kind = 'results' AND withdrawn = 0"
        " AND delivery.tried != 0 UNION SELECT destination FROM earlier_result JOIN earlier_delivery USING"
        " (sop_instance_uid) WHERE study_instance_uid = ?2 AND kind != 'ko' AND tried != 0 ORDER BY"
        " destination",
        [&](const sql::Row& row) { preview["notes_to"].push_back(row.text(0)); }, study, uid);
    preview["not_sent"] =
        sql::number(
            transaction,
            "SELECT count(*) FROM job JOIN delivery ON delivery.id = subject JOIN result ON result.id ="
            " result_id JOIN report ON report.id = report_id WHERE job.study_id = ? AND job.kind ="
            " 'delivery' AND report.kind = 'results' AND withdrawn = 0 AND state IN ('queued',"
            " 'set_aside')",
            study)
            .value_or(0);
    return preview;
}

}  // namespace

nlohmann::json preview_of_withdrawal(Transaction& transaction, const WithdrawalOrder& order) {
    std::vector<std::string> uids;
    for (const auto& withdrawn : studies_of(transaction, order)) uids.push_back(withdrawn.study_instance_uid);
    for (auto& uid : studies_with_earlier_results(transaction, order))
        if (std::ranges::find(uids, uid) == uids.end()) uids.push_back(std::move(uid));
    auto studies = nlohmann::json::array();
    for (const auto& uid : uids) studies.push_back(preview_of_study(transaction, uid));
    return studies;
}

bool is_withdrawn(Transaction& transaction, std::int64_t study) {
    return sql::number(transaction, "SELECT count(*) FROM study WHERE id = ? AND withdrawn_at IS NOT NULL",
                       study)
               .value_or(0) != 0;
}

Withdrawal withdrawal_of(Transaction& transaction, std::int64_t report) {
    Withdrawal withdrawal;
    std::int64_t study = 0, version = 0;
    std::string model;
    sql::each(
        transaction,
        "SELECT detail, created_at, report.study_id, version, model FROM report JOIN job ON lane = 'compose'"
        " AND subject = report.id WHERE report.id = ? AND report.kind = 'withdrawal'",
        [&](const sql::Row& row) {
            const auto detail = nlohmann::json::parse(row.text(0));
            withdrawal.reason = detail.at("reason").get<std::string>();
            withdrawal.note = detail.at("note").get<std::string>();
            withdrawal.at = row.int64(1);
            study = row.int64(2);
            version = row.int64(3);
            model = row.text(4);
        },
        report);
    sql::each(
        transaction,
        "SELECT result.kind, sop_class_uid, sop_instance_uid, series_instance_uid,"
        " json_group_array(delivery.destination), iif(result.removed_at IS NULL, file, ''), sha256, "
        "report.id FROM "
        "result JOIN report ON report.id = report_id"
        " JOIN delivery ON delivery.result_id = result.id WHERE study_id = ? AND model = ? AND withdrawn = ?"
        " AND delivery.tried != 0 GROUP BY result.id ORDER BY result.id",
        [&](const sql::Row& row) {
            withdrawal.results.push_back({enum_from<ResultKind>(row.text(0)).value(), row.text(1),
                                          row.text(2), row.text(3),
                                          nlohmann::json::parse(row.text(4)).get<std::vector<std::string>>(),
                                          row.text(5), row.text(6), row.int64(7)});
        },
        study, model, version);
    return withdrawal;
}

}  // namespace hilum
