#include "store/moved_images.h"

#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>

#include "store/audit/audit_event.h"
#include "store/database/sql.h"
#include "store/jobs/compose_requests.h"
#include "store/recovery/earlier_results.h"
#include "store/study_rows.h"
#include "store/withdrawals.h"

namespace hilum {
namespace {

void audit_move(Transaction& transaction, const MovedImage& image, const std::string& from, bool stands) {
    audit::AuditEvent event;
    event.type = "instance_moved";
    event.actor = image.actor;
    event.study_instance_uid = from;
    event.sop_instance_uid = image.sop_instance_uid;
    event.detail = {{"to_study", image.to_study_instance_uid}};
    if (stands) {
        event.outcome = "failure";
        event.detail["why"] = "results that tell of it stand, since retention removed files of that study";
        spdlog::error(
            "study {}: an image was moved to study {}; what was reported of it stands, since retention "
            "removed files of that study: have the results removed from the PACS by hand",
            from, image.to_study_instance_uid);
    }
    transaction.append_audit(event);
}

// What a next version of the report would tell of.
bool has_images(Transaction& transaction, std::int64_t study) {
    return sql::number(transaction,
                       "SELECT 1 FROM instance JOIN analysis ON analysis.instance_id = instance.id WHERE"
                       " study_id = ? AND instance.state = 'to_analyse' AND instance.removed_at IS NULL"
                       " AND" HILUM_IS_NOT_FOREIGN("?") "LIMIT 1",
                       study, nlohmann::json(foreign_outcomes()).dump())
        .has_value();
}

bool has_results_of(Transaction& transaction, std::int64_t study, std::int64_t instance) {
    return sql::number(transaction,
                       "SELECT 1 FROM report JOIN result ON result.report_id = report.id WHERE study_id = ?"
                       " AND report.kind = 'results' AND withdrawn = 0 AND coalesce(last_instance, ?2) >= ?2"
                       " LIMIT 1",
                       study, instance)
               .has_value() ||
           has_earlier_results(transaction, study_instance_uid_of(transaction, study));
}

// The note is made from the header of one of its objects; and of an image whose file retention removed no
// report would be made anew.
bool can_be_taken_back(Transaction& transaction, std::int64_t study) {
    return sql::number(transaction,
                       "SELECT 1 WHERE EXISTS (SELECT 1 FROM instance WHERE study_id = ?1 AND removed_at IS"
                       " NULL AND damaged_at IS NULL) AND NOT EXISTS (SELECT 1 FROM instance WHERE study_id ="
                       " ?1 AND state = 'to_analyse' AND removed_at IS NOT NULL)",
                       study)
        .has_value();
}

void make_nothing(Transaction& transaction, std::int64_t study) {
    sql::execute(transaction, "UPDATE study SET due_at = NULL, first_pending_at = NULL WHERE id = ?", study);
    discard_unmade_reports(transaction, study, "its images were moved to another study");
}

}  // namespace

LeftStudy leave_study(Transaction& transaction, const MovedImage& image) {
    const auto from = study_instance_uid_of(transaction, image.from_study);
    const bool told = has_results_of(transaction, image.from_study, image.instance);
    const bool taken_back = told && can_be_taken_back(transaction, image.from_study);
    audit_move(transaction, image, from, told && !taken_back);
    if (taken_back) withdraw_results(transaction, {from, "", moved_away, ""}, "hilum");
    if (has_images(transaction, image.from_study)) return LeftStudy::has_images;
    make_nothing(transaction, image.from_study);
    return LeftStudy::is_empty;
}

bool leave_patient(Transaction& transaction, std::int64_t study) {
    if (!can_be_taken_back(transaction, study)) return false;
    withdraw_results(transaction, {study_instance_uid_of(transaction, study), "", patient_changed, ""},
                     "hilum");
    sql::execute(transaction, "UPDATE study SET due_at = ?1, first_pending_at = ?1 WHERE id = ?2",
                 transaction.at(), study);
    return true;
}

}  // namespace hilum
