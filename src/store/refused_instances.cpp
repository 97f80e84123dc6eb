#include "store/refused_instances.h"

#include "base/clock.h"
#include "store/database/sql.h"

namespace hilum {
namespace {

constexpr int inserts_between_sweeps = 100;  // of the limit over all peers, which takes longer to look for

void keep_the_newest(Transaction& transaction, const std::string& peer) {
    const auto id = sql::last_id(transaction);
    sql::execute(transaction,
                 "DELETE FROM refused_instance WHERE id IN (SELECT id FROM refused_instance WHERE peer = ?"
                 " ORDER BY last_at DESC LIMIT -1 OFFSET ?)",
                 peer, most_refused_of_a_peer);
    if (id % inserts_between_sweeps != 0) return;
    sql::execute(transaction,
                 "DELETE FROM refused_instance WHERE id IN (SELECT id FROM refused_instance"
                 " ORDER BY last_at DESC LIMIT -1 OFFSET ?)",
                 most_refused);
}

}  // namespace

void keep_refused_instance(Transaction& transaction, const ReceiverEvent& event) {
    const auto at = transaction.happened();
    const int known = sql::execute(
        transaction,
        "UPDATE refused_instance SET times = times + 1, last_at = ?, dimse_status = ?, error = ?"
        " WHERE sop_instance_uid = ? AND dataset_sop_instance_uid = ? AND study_instance_uid = ?"
        " AND error_code = ? AND calling_ae = ? AND peer = ?",
        at, event.dimse_status, event.detail, event.sop_instance_uid, event.dataset_sop_instance_uid,
        event.study_instance_uid, event.code, event.calling_ae, event.peer);
    if (known > 0) return;
    sql::execute(
        transaction,
        "INSERT INTO refused_instance(sop_instance_uid, dataset_sop_instance_uid, study_instance_uid,"
        " accession_number, sop_class_uid, calling_ae, peer, error_code, error, dimse_status, first_at,"
        " last_at) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?11)",
        event.sop_instance_uid, event.dataset_sop_instance_uid, event.study_instance_uid,
        event.accession_number, event.sop_class_uid, event.calling_ae, event.peer, event.code, event.detail,
        event.dimse_status, at);
    keep_the_newest(transaction, event.peer);
}

void forget_refused_instance(Transaction& transaction, const std::string& sop_instance_uid) {
    sql::execute(transaction,
                 "DELETE FROM refused_instance WHERE sop_instance_uid = ?1 OR dataset_sop_instance_uid = ?1",
                 sop_instance_uid);
}

}  // namespace hilum
