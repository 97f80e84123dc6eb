#include "store/recovery/earlier_life.h"

#include <nlohmann/json.hpp>

#include "base/digest.h"
#include "store/database/fact_journal.h"
#include "store/database/sql.h"
#include "store/jobs/states.h"

namespace hilum {
namespace {

// What a version of a study's report is of: its images, and what the models make of them.
std::string digest_of_images(Transaction& transaction, std::int64_t study) {
    Sha256 digest;
    sql::each(
        transaction,
        "SELECT sop_instance_uid, dataset_sha256, analysis.model, frame, word, "
        "iif(json_valid(analysis.outcome), coalesce(json_extract(analysis.outcome, '$.model'), ''), '') FROM "
        "instance JOIN "
        "analysis ON instance_id = instance.id JOIN job ON lane = 'analyse/' || analysis.model AND subject = "
        "analysis.id WHERE instance.study_id = ? AND instance.state = 'to_analyse' AND damaged_at IS NULL "
        "ORDER BY sop_instance_uid, dataset_sha256, analysis.model, frame",
        [&](const sql::Row& row) {
            for (int i = 0; i < row.columns(); ++i) digest.update(row.text(i) + "\n");
        },
        study);
    return digest.hex();
}

std::string study_instance_uid_of(Transaction& transaction, std::int64_t study) {
    std::string uid;
    sql::each(
        transaction, "SELECT study_instance_uid FROM study WHERE id = ?",
        [&](const sql::Row& row) { uid = row.text(0); }, study);
    return uid;
}

void take_object(Transaction& transaction, const nlohmann::json& fact) {
    sql::execute(transaction, "INSERT OR REPLACE INTO earlier_object VALUES(?, ?, ?)",
                 fact.at("file").get<std::string>(), fact.at("sha256").get<std::string>(),
                 fact.at("at").get<std::int64_t>());
}

void take_report(Transaction& transaction, const nlohmann::json& fact) {
    sql::execute(transaction,
                 "INSERT INTO earlier_study VALUES(?1, ?2, ?3) ON CONFLICT(study_instance_uid) DO UPDATE SET "
                 "version = ?2, images_sha256 = ?3 WHERE ?2 >= version",
                 fact.at("study").get<std::string>(), fact.at("version").get<std::int64_t>(),
                 fact.at("images").get<std::string>());
}

void take_result(Transaction& transaction, const nlohmann::json& fact) {
    const auto text = [&](const char* key) { return fact.at(key).get<std::string>(); };
    sql::execute(transaction, "INSERT OR REPLACE INTO earlier_result VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                 text("uid"), text("study"), text("model"), fact.at("version").get<std::int64_t>(),
                 text("kind"), text("sop_class"), text("series"), text("file"), text("sha256"),
                 fact.value("audit_head", std::string()));
}

void take_delivery(Transaction& transaction, const nlohmann::json& fact) {
    sql::execute(transaction, "INSERT OR REPLACE INTO earlier_delivery VALUES(?, ?, ?)",
                 fact.at("uid").get<std::string>(), fact.at("destination").get<std::string>(),
                 fact.at("at").get<std::int64_t>());
}

// What was withdrawn stays so. Its images, when they are adopted, find the study there.
void take_withdrawal(Transaction& transaction, const nlohmann::json& fact) {
    sql::execute(
        transaction,
        "INSERT INTO study(study_instance_uid, created_at, withdrawn_at, withdrawals) VALUES(?1, ?2, "
        "?2, ?3) ON CONFLICT(study_instance_uid) DO UPDATE SET withdrawn_at = ?2, withdrawals = ?3 "
        "WHERE withdrawals < ?3",
        fact.at("study").get<std::string>(), fact.at("at").get<std::int64_t>(),
        fact.at("withdrawals").get<std::int64_t>());
}

void take_fact(Transaction& transaction, const nlohmann::json& fact) {
    const auto type = fact.at("fact").get<std::string>();
    if (type == "received") take_object(transaction, fact);
    if (type == "reported") take_report(transaction, fact);
    if (type == "composed") take_result(transaction, fact);
    if (type == "delivered" || type == "committed") take_delivery(transaction, fact);
    if (type == "withdrawn") take_withdrawal(transaction, fact);
}

}  // namespace

void note_object(Transaction& transaction, const std::string& file, const std::string& dataset_sha256) {
    transaction.note_fact(
        {{"fact", "received"}, {"at", transaction.at()}, {"file", file}, {"sha256", dataset_sha256}}, false);
}

void note_report(Transaction& transaction, std::int64_t study, std::int64_t version) {
    transaction.note_fact({{"fact", "reported"},
                           {"at", transaction.at()},
                           {"study", study_instance_uid_of(transaction, study)},
                           {"version", version},
                           {"images", digest_of_images(transaction, study)}});
}

void note_result(Transaction& transaction, const std::string& sop_instance_uid) {
    sql::each(
        transaction,
        "SELECT study_instance_uid, report.model, version, result.kind, sop_class_uid, series_instance_uid, "
        "file, sha256, result.audit_head FROM result JOIN report ON report.id = report_id JOIN study ON "
        "study.id = study_id "
        "WHERE sop_instance_uid = ?",
        [&](const sql::Row& row) {
            nlohmann::json fact = {
                {"fact", "composed"},   {"at", transaction.at()},   {"uid", sop_instance_uid},
                {"study", row.text(0)}, {"model", row.text(1)},     {"version", row.int64(2)},
                {"kind", row.text(3)},  {"sop_class", row.text(4)}, {"series", row.text(5)},
                {"file", row.text(6)},  {"sha256", row.text(7)}};
            if (const auto head = row.text(8); !head.empty()) fact["audit_head"] = head;
            transaction.note_fact(fact);
        },
        sop_instance_uid);
}

void note_delivery(Transaction& transaction, std::int64_t delivery, bool committed) {
    sql::each(
        transaction,
        "SELECT sop_instance_uid, destination FROM delivery JOIN result ON result.id = result_id WHERE "
        "delivery.id = ?",
        [&](const sql::Row& row) {
            transaction.note_fact({{"fact", committed ? "committed" : "delivered"},
                                   {"at", transaction.at()},
                                   {"uid", row.text(0)},
                                   {"destination", row.text(1)}});
        },
        delivery);
}

void note_withdrawal(Transaction& transaction, const std::string& study_instance_uid,
                     std::int64_t withdrawals) {
    transaction.note_fact({{"fact", "withdrawn"},
                           {"at", transaction.at()},
                           {"study", study_instance_uid},
                           {"withdrawals", withdrawals}});
}

Result<EarlierFacts> take_facts(Transaction& transaction, const std::filesystem::path& journal) {
    EarlierFacts facts;
    std::uint64_t odd = 0;
    const auto unreadable = read_facts(journal, [&](const nlohmann::json& fact) {
        const auto taken = transaction.apart([&] { take_fact(transaction, fact); });
        ++(taken ? facts.taken : odd);
    });
    if (!unreadable) return tl::unexpected(unreadable.error());
    facts.unreadable = *unreadable + odd;
    settle_earlier_deliveries(transaction, 0);
    return facts;
}

std::optional<std::string> earlier_digest(Transaction& transaction, const std::string& file) {
    std::optional<std::string> digest;
    sql::each(
        transaction, "SELECT dataset_sha256 FROM earlier_object WHERE file = ?",
        [&](const sql::Row& row) { digest = row.text(0); }, file);
    return digest;
}

std::int64_t version_after_earlier(Transaction& transaction, std::int64_t study, std::int64_t version) {
    std::int64_t next = version;
    sql::each(
        transaction,
        "SELECT version, images_sha256 FROM earlier_study WHERE version >= ?1 AND study_instance_uid = "
        "(SELECT study_instance_uid FROM study WHERE id = ?2)",
        [&](const sql::Row& row) {
            const bool same = row.text(1) == digest_of_images(transaction, study);
            next = same ? row.int64(0) : row.int64(0) + 1;
        },
        version, study);
    return next;
}

void settle_earlier_deliveries(Transaction& transaction, std::int64_t report) {
    const auto [state, outcome] = stored(JobState::delivered);
    sql::execute(
        transaction,
        "UPDATE delivery SET tried = 1, delivered_at = (SELECT delivered_at FROM earlier_delivery AS "
        "earlier JOIN result ON earlier.sop_instance_uid = result.sop_instance_uid WHERE result.id = "
        "result_id AND earlier.destination = delivery.destination) WHERE delivered_at IS NULL AND "
        "result_id IN (SELECT id FROM result JOIN earlier_delivery AS earlier ON "
        "earlier.sop_instance_uid = result.sop_instance_uid AND earlier.destination = "
        "delivery.destination WHERE ?1 IN (0, report_id))",
        report);
    sql::execute(
        transaction,
        "UPDATE job SET state = ?1, outcome = ?2, updated_at = ?3 WHERE kind = 'delivery' AND state = "
        "'queued' AND subject IN (SELECT delivery.id FROM delivery JOIN result ON "
        "result.id = result_id JOIN earlier_delivery AS earlier ON earlier.sop_instance_uid = "
        "result.sop_instance_uid AND earlier.destination = delivery.destination WHERE ?4 IN (0, report_id))",
        state, outcome, transaction.at(), report);
}

}  // namespace hilum
