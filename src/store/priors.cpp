// Of InstanceStore: old studies, which are stored and not analysed until they turn out to be no such, or an
// operator says so.
#include "base/calendar_date.h"
#include "base/units.h"
#include "store/audit/audit_event.h"
#include "store/database/sql.h"
#include "store/instance_store.h"
#include "store/jobs/study_named.h"

namespace hilum {

bool InstanceStore::analyse_if_no_prior(Transaction& transaction, const Version& version,
                                        const std::string& study_date) const {
    if (version.state != "prior" || !why_prior(study_date, transaction.now()).empty()) return false;
    analyse(transaction, version.id);
    return true;
}

void InstanceStore::analyse(Transaction& transaction, std::int64_t instance_id) const {
    sql::execute(transaction, "UPDATE instance SET state = 'to_analyse', not_analysed = '' WHERE id = ?",
                 instance_id);
    const auto study_id =
        *sql::number(transaction, "SELECT study_id FROM instance WHERE id = ?", instance_id);
    enqueue(transaction, study_id, instance_id, transaction.at());
}

int InstanceStore::analyse_priors(Transaction& transaction, const JobSelection& selection,
                                  const std::string& actor) const {
    if (!selection.kind.empty() && selection.kind != "instance") return 0;
    struct Prior {
        std::int64_t id, study_id;
        std::string study_instance_uid, sop_instance_uid, why;
    };
    std::vector<Prior> priors;
    sql::each(
        transaction,
        "SELECT instance.id, study.id, study_instance_uid, sop_instance_uid, not_analysed FROM instance JOIN"
        " study ON study.id = study_id WHERE state = 'prior' AND instance.removed_at IS NULL AND ((?1 != 0 "
        "AND instance.id = ?1) OR (?1 = 0 AND " HILUM_STUDY_NAMED("?2", "?3") "))",
        [&](const sql::Row& row) {
            priors.push_back({row.int64(0), row.int64(1), row.text(2), row.text(3), row.text(4)});
        },
        selection.kind.empty() ? std::int64_t{0} : selection.id, selection.study_instance_uid,
        selection.accession_number);
    for (const auto& prior : priors) {
        analyse(transaction, prior.id);
        // Nothing more is waited for.
        sql::execute(transaction,
                     "UPDATE study SET due_at = iif(due_at IS NULL, NULL, ?1), withdrawn_at = iif(?2, NULL,"
                     " withdrawn_at) WHERE id = ?3",
                     transaction.at(), names_one(selection) ? 1 : 0, prior.study_id);
        audit::AuditEvent event;
        event.type = "prior_analysed";
        event.actor = actor;
        event.study_instance_uid = prior.study_instance_uid;
        event.sop_instance_uid = prior.sop_instance_uid;
        event.detail = {{"was_not_analysed", prior.why}};
        transaction.append_audit(event);
    }
    return static_cast<int>(priors.size());
}

std::string InstanceStore::why_prior(const std::string& study_date, Timestamp time) const {
    const auto date = parse_date(study_date);
    if (!study_.max_age || !date) return "";  // unknown age: a new one, as far as we know
    // The study may have been made at any time of its day, and in any time zone: give it a day.
    const auto longest = *study_.max_age + std::chrono::hours(24);
    if (time - std::chrono::sys_days(*date) <= longest) return "";
    return fmt::format("Study Date {} was more than study.max_age ({}) ago on {}", study_date,
                       format_duration(*study_.max_age), to_dicom_date(time));
}

}  // namespace hilum
