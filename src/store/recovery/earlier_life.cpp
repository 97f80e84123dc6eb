#include "store/recovery/earlier_life.h"

#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/digest.h"
#include "store/database/fact_journal.h"
#include "store/database/sql.h"
#include "store/jobs/callers.h"
#include "store/jobs/delivery_order.h"
#include "store/recovery/earlier_results.h"
#include "store/study_rows.h"

namespace hilum {
namespace {

// What a version of a study's report is of: its images, and what models make of them.
#define HILUM_IMAGES(more)                                                                                 \
    "SELECT sop_instance_uid, dataset_sha256, analysis.model, frame, word, "                               \
    "iif(json_valid(analysis.outcome), "                                                                   \
    "coalesce(json_extract(analysis.outcome, '$.model'), ''), '') FROM instance JOIN analysis ON "         \
    "instance_id = instance.id JOIN job ON lane = 'analyse/' || analysis.model AND subject = analysis.id " \
    "WHERE instance.study_id = ?1 AND instance.state = 'to_analyse' AND damaged_at IS NULL " more          \
    "ORDER BY sop_instance_uid, dataset_sha256, analysis.model, frame"
// ?2: the models that it is of.
constexpr const char* images_told =
    HILUM_IMAGES("AND instance.removed_at IS NULL AND analysis.model IN (SELECT value FROM json_each(?2)) ");
// As a Hilum noted it that counted shadow models, too, and images whose files are gone.
constexpr const char* images_of_all_models = HILUM_IMAGES("");
#undef HILUM_IMAGES

template <typename... More>
std::string digest_of(Transaction& transaction, const char* images, std::int64_t study, const More&... more) {
    Sha256 digest;
    sql::each(
        transaction, images,
        [&](const sql::Row& row) {
            for (int i = 0; i < row.columns(); ++i) digest.update(row.text(i) + "\n");
        },
        study, more...);
    return digest.hex();
}

std::string digest_of_told(Transaction& transaction, std::int64_t study,
                           const std::vector<std::string>& models) {
    return digest_of(transaction, images_told, study, nlohmann::json(models).dump());
}

void take_object(Transaction& transaction, const nlohmann::json& fact) {
    sql::execute(transaction, "INSERT OR REPLACE INTO earlier_object VALUES(?, ?, ?)",
                 fact.at("file").get<std::string>(), fact.at("sha256").get<std::string>(),
                 fact.at("at").get<std::int64_t>());
}

void take_report(Transaction& transaction, const nlohmann::json& fact) {
    // What was reported after a withdrawal was asked for again. The versions before it tell nothing of that.
    sql::execute(transaction,
                 "UPDATE study SET withdrawn_at = NULL WHERE study_instance_uid = ? AND withdrawn_at IS NOT "
                 "NULL AND report_version < ?",
                 fact.at("study").get<std::string>(), fact.at("version").get<std::int64_t>());
    sql::execute(transaction,
                 "INSERT INTO earlier_study VALUES(?1, ?2, ?3) ON CONFLICT(study_instance_uid) DO UPDATE SET "
                 "version = ?2, images_sha256 = ?3 WHERE ?2 >= version",
                 fact.at("study").get<std::string>(), fact.at("version").get<std::int64_t>(),
                 fact.at("images").get<std::string>());
}

// A version that tells of what an earlier one made notes that once more: it was composed when it came first.
void take_result(Transaction& transaction, const nlohmann::json& fact, std::uint64_t number) {
    const auto text = [&](const char* key) { return fact.at(key).get<std::string>(); };
    sql::execute(
        transaction,
        "INSERT INTO earlier_result(sop_instance_uid, study_instance_uid, model, version, kind, "
        "sop_class_uid, series_instance_uid, file, sha256, audit_head, number, made_with) VALUES(?1, "
        "?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ON CONFLICT(sop_instance_uid) DO UPDATE SET "
        "file = ?8, sha256 = ?9, audit_head = ?10, made_with = ?12",
        text("uid"), text("study"), text("model"), fact.at("version").get<std::int64_t>(), text("kind"),
        text("sop_class"), text("series"), text("file"), text("sha256"),
        fact.value("audit_head", std::string()), static_cast<std::int64_t>(number),
        fact.contains("made_with") ? fact.at("made_with").dump() : std::string());
}

void take_delivery(Transaction& transaction, const nlohmann::json& fact) {
    const auto uid = fact.at("uid").get<std::string>(),
               destination = fact.at("destination").get<std::string>();
    const auto type = fact.at("fact").get<std::string>();
    // Of what never arrived nothing is taken back.
    if (type == "resent") {
        sql::execute(
            transaction,
            "UPDATE earlier_delivery SET state = ?1 WHERE sop_instance_uid = ?2 AND destination = ?3", type,
            uid, destination);
        return;
    }
    const bool discarded = type == "discarded";
    sql::execute(
        transaction,
        "INSERT INTO earlier_delivery(sop_instance_uid, destination, delivered_at, state, tried) "
        "VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT(sop_instance_uid, destination) DO UPDATE SET state = "
        "?4, tried = max(tried, ?5), delivered_at = iif(?4 = 'delivered', ?3, delivered_at)",
        uid, destination, discarded ? std::int64_t{0} : fact.at("at").get<std::int64_t>(), type,
        discarded && !fact.value("tried", false) ? 0 : 1);
}

// What was withdrawn stays so. Its images, when they are adopted, find the study there. No later report
// replaces what was taken back.
void take_withdrawal(Transaction& transaction, const nlohmann::json& fact, std::set<std::string>& withdrawn) {
    const EarlierWithdrawal withdrawal{
        fact.at("study").get<std::string>(),        fact.at("at").get<std::int64_t>(),
        fact.at("withdrawals").get<std::int64_t>(), fact.value("version", std::int64_t{0}),
        fact.value("reason", std::string()),        fact.value("note", std::string())};
    if (withdraw_again(transaction, withdrawal)) withdrawn.insert(withdrawal.study_instance_uid);
    restore_earlier_notes(transaction, withdrawal.study_instance_uid);
    sql::execute(transaction, "DELETE FROM earlier_result WHERE study_instance_uid = ?",
                 withdrawal.study_instance_uid);
}

void take_hold(Transaction& transaction, const nlohmann::json& fact) {
    const auto study = fact.at("study").get<std::string>();
    if (fact.at("fact") == "released") {
        sql::execute(transaction,
                     "UPDATE study SET held_at = NULL, held_by = '', held_for = '' WHERE study_instance_uid "
                     "= ? AND held_at IS NOT NULL",
                     study);
        return;
    }
    const auto since = fact.at("since").get<std::int64_t>();
    know_study(transaction, study, since);
    sql::execute(transaction,
                 "UPDATE study SET held_at = ?, held_by = ?, held_for = ? WHERE study_instance_uid = ?",
                 since, fact.at("by").get<std::string>(), fact.at("reason").get<std::string>(), study);
}

// By study, what was noted of it last: the one thing that counts of a hold.
using HoldFacts = std::map<std::string, nlohmann::json>;

// `number`: of the fact, in the order of the journal.
void take_fact(Transaction& transaction, const nlohmann::json& fact, std::uint64_t number, HoldFacts& holds,
               std::set<std::string>& withdrawn) {
    const auto type = fact.at("fact").get<std::string>();
    if (type == "received") take_object(transaction, fact);
    if (type == "sent")
        take_earlier_caller(transaction, fact.at("study").get<std::string>(),
                            fact.at("by").get<std::string>());
    if (type == "reported") take_report(transaction, fact);
    if (type == "composed") take_result(transaction, fact, number);
    if (type == "delivered" || type == "committed" || type == "resent" || type == "discarded")
        take_delivery(transaction, fact);
    if (type == "withdrawn") take_withdrawal(transaction, fact, withdrawn);
    if (type == "held" || type == "released") holds[fact.at("study").get<std::string>()] = fact;
}

nlohmann::json fact_of_hold(Transaction& transaction, const sql::Row& row) {
    if (row.is_null(1)) return {{"fact", "released"}, {"at", transaction.at()}, {"study", row.text(0)}};
    return {{"fact", "held"},        {"at", transaction.at()}, {"study", row.text(0)},
            {"since", row.int64(1)}, {"by", row.text(2)},      {"reason", row.text(3)}};
}

// What has a row here is known by that.
void forget_what_is_known(Transaction& transaction) {
    sql::execute(
        transaction,
        "DELETE FROM earlier_result WHERE sop_instance_uid IN (SELECT sop_instance_uid FROM result)");
}

// What waits in a backup while the journal tells of a newer version that arrived: it would be taken for the
// newest.
void discard_replaced_earlier(Transaction& transaction) {
    sql::execute(transaction,
                 "UPDATE job SET state = 'discarded', outcome = '', error = ?1, updated_at = ?2 WHERE kind ="
                 " 'delivery' AND state IN ('queued', 'set_aside') AND EXISTS (SELECT 1 FROM delivery CROSS"
                 " JOIN result ON result.id = result_id CROSS JOIN report ON report.id = report_id CROSS JOIN"
                 " study ON study.id = report.study_id CROSS JOIN earlier_result AS newer ON"
                 " newer.study_instance_uid = study.study_instance_uid AND newer.model = report.model AND"
                 " newer.kind = result.kind AND newer.version > report.version CROSS JOIN earlier_delivery AS"
                 " came ON came.sop_instance_uid = newer.sop_instance_uid AND came.destination ="
                 " delivery.destination WHERE delivery.id = job.subject AND result.kind IN ('sr', 'oru'))",
                 std::string(newer_version), transaction.at());
}

}  // namespace

void note_object(Transaction& transaction, const std::string& file, const std::string& dataset_sha256) {
    transaction.note_fact(
        {{"fact", "received"}, {"at", transaction.at()}, {"file", file}, {"sha256", dataset_sha256}}, false);
}

void note_report(Transaction& transaction, std::int64_t study, std::int64_t version,
                 const std::vector<std::string>& models) {
    transaction.note_fact({{"fact", "reported"},
                           {"at", transaction.at()},
                           {"study", study_instance_uid_of(transaction, study)},
                           {"version", version},
                           {"images", digest_of_told(transaction, study, models)}});
}

void note_result(Transaction& transaction, const std::string& sop_instance_uid) {
    sql::each(
        transaction,
        "SELECT study_instance_uid, report.model, version, result.kind, sop_class_uid, series_instance_uid, "
        "file, sha256, result.audit_head, made_with FROM result JOIN report ON report.id = report_id JOIN "
        "study ON "
        "study.id = study_id "
        "WHERE sop_instance_uid = ?",
        [&](const sql::Row& row) {
            nlohmann::json fact = {
                {"fact", "composed"},   {"at", transaction.at()},   {"uid", sop_instance_uid},
                {"study", row.text(0)}, {"model", row.text(1)},     {"version", row.int64(2)},
                {"kind", row.text(3)},  {"sop_class", row.text(4)}, {"series", row.text(5)},
                {"file", row.text(6)},  {"sha256", row.text(7)}};
            if (const auto head = row.text(8); !head.empty()) fact["audit_head"] = head;
            if (const auto with = row.text(9); !with.empty()) fact["made_with"] = nlohmann::json::parse(with);
            transaction.note_fact(fact);
        },
        sop_instance_uid);
}

void note_delivery(Transaction& transaction, std::int64_t delivery, DeliveryFact fact) {
    constexpr std::array words{"delivered", "committed", "resent", "discarded"};
    sql::each(
        transaction,
        "SELECT sop_instance_uid, destination, tried FROM delivery JOIN result ON result.id = result_id "
        "WHERE "
        "delivery.id = ?",
        [&](const sql::Row& row) {
            nlohmann::json noted = {{"fact", words.at(static_cast<std::size_t>(fact))},
                                    {"at", transaction.at()},
                                    {"uid", row.text(0)},
                                    {"destination", row.text(1)}};
            if (fact == DeliveryFact::discarded) noted["tried"] = row.int32(2) != 0;
            transaction.note_fact(noted);
        },
        delivery);
}

void note_withdrawal(Transaction& transaction, const EarlierWithdrawal& withdrawal) {
    transaction.note_fact({{"fact", "withdrawn"},
                           {"at", withdrawal.at},
                           {"study", withdrawal.study_instance_uid},
                           {"withdrawals", withdrawal.number},
                           {"version", withdrawal.version},
                           {"reason", withdrawal.reason},
                           {"note", withdrawal.note}});
}

void note_hold(Transaction& transaction, const std::string& study_instance_uid) {
    sql::each(
        transaction,
        "SELECT study_instance_uid, held_at, held_by, held_for FROM study WHERE study_instance_uid = ?",
        [&](const sql::Row& row) { transaction.note_fact(fact_of_hold(transaction, row)); },
        study_instance_uid);
}

void note_holds(Transaction& transaction) {
    sql::each(transaction,
              "SELECT study_instance_uid, held_at, held_by, held_for FROM study WHERE held_at IS NOT NULL",
              [&](const sql::Row& row) { transaction.note_fact(fact_of_hold(transaction, row)); });
}

Result<EarlierFacts> take_facts(Transaction& transaction, const std::filesystem::path& journal) {
    EarlierFacts facts;
    std::uint64_t odd = 0;
    HoldFacts holds;
    const auto unreadable = read_facts(journal, [&](const nlohmann::json& fact) {
        const auto number = facts.taken + odd;
        const auto taken =
            transaction.apart([&] { take_fact(transaction, fact, number, holds, facts.withdrawn); });
        ++(taken ? facts.taken : odd);
    });
    if (!unreadable) return tl::unexpected(unreadable.error());
    for (const auto& hold : holds)
        if (!transaction.apart([&] { take_hold(transaction, hold.second); })) ++odd;
    facts.unreadable = *unreadable + odd;
    restore_earlier_deliveries(transaction);
    discard_replaced_earlier(transaction);
    forget_what_is_known(transaction);
    return facts;
}

std::optional<std::string> earlier_digest(Transaction& transaction, const std::string& file) {
    std::optional<std::string> digest;
    sql::each(
        transaction, "SELECT dataset_sha256 FROM earlier_object WHERE file = ?",
        [&](const sql::Row& row) { digest = row.text(0); }, file);
    return digest;
}

std::int64_t version_after_earlier(Transaction& transaction, std::int64_t study, std::int64_t version,
                                   const std::vector<std::string>& models) {
    std::int64_t next = version;
    sql::each(
        transaction,
        "SELECT version, images_sha256 FROM earlier_study WHERE version >= ?1 AND study_instance_uid = "
        "(SELECT study_instance_uid FROM study WHERE id = ?2)",
        [&](const sql::Row& row) {
            const auto noted = row.text(1);
            const bool same = noted == digest_of_told(transaction, study, models) ||
                              noted == digest_of(transaction, images_of_all_models, study);
            next = same ? row.int64(0) : row.int64(0) + 1;
        },
        version, study);
    return next;
}

}  // namespace hilum
