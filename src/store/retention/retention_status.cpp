#include "store/retention/retention_status.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "store/audit/audit_removal.h"
#include "store/data_history.h"
#include "store/database/json_rows.h"
#include "store/overview/answering.h"

namespace hilum {
namespace {

void add(nlohmann::json& total, const RemovedBytes& files) {
    if (total.is_null()) total = {{"studies", 0}, {"files", 0}, {"bytes", 0}};
    total["studies"] = total["studies"].get<std::int64_t>() + 1;
    total["files"] = total["files"].get<std::int64_t>() + files.files;
    total["bytes"] = total["bytes"].get<std::int64_t>() + files.bytes;
}

// All of them; `counted` has those of each study, too.
RemovedBytes total_of_studies(const FilesByStudy& due, FilesByStudy& counted) {
    RemovedBytes total;
    for (const auto& [study, files] : due) {
        auto& of_study = counted[study];
        of_study = {of_study.files + files.files, of_study.bytes + files.bytes};
        total = {total.files + files.files, total.bytes + files.bytes};
    }
    return total;
}

// What is left of a study without those.
RemovedBytes files_left(Transaction& transaction, std::int64_t study, const FilesByStudy& counted) {
    const auto all = files_of(transaction, study);
    const auto found = counted.find(study);
    if (found == counted.end()) return all;
    return {all.files - found->second.files, all.bytes - found->second.bytes};
}

// Why a study stays that is not merely young; null: it is.
const char* why_it_stays(const StoredStudy& study) {
    if (study.held) return "held";
    if (study.busy) return "busy";
    return study.failed ? "failed" : nullptr;
}

nlohmann::json line_of(Transaction& transaction, const StoredStudy& study, RemovalReason reason,
                       const RemovedBytes& files) {
    auto line = sql::select(transaction,
                            "SELECT study_instance_uid, accession_number FROM study WHERE id = ?", study.id)
                    .at(0);
    line["reason"] = enum_text(reason);
    line["files"] = files.files;
    line["bytes"] = files.bytes;
    line["last_at"] = to_iso8601(from_microseconds(study.last_at));
    return line;
}

}  // namespace

KeptBytes kept_bytes(Transaction& transaction) {
    KeptBytes kept;
    sql::each(transaction, "SELECT kind, bytes FROM stored_total", [&](const sql::Row& row) {
        const auto kind = row.text(0);
        (kind == "objects" ? kept.objects : kind == "analyses" ? kept.analyses : kept.results) = row.int64(1);
    });
    return kept;
}

void keep_look(Transaction& transaction, std::optional<std::uint64_t> budget, bool over) {
    sql::execute(transaction,
                 "UPDATE retention SET looked_at = ?1, budget = ?2, over_since = iif(?3, coalesce(over_since,"
                 " ?1), NULL)",
                 transaction.at(), budget, over ? 1 : 0);
}

// Backwards, as far as it takes. Between the last event of a life and the start of the next the node was off;
// where the clock was set back, nothing is told.
Duration distrust_of_clock(Transaction& transaction) {
    sql::Query events(transaction, "SELECT at, type = 'node_started' FROM audit_event ORDER BY id DESC", {});
    Duration ran{0};
    std::optional<std::int64_t> later;
    for (bool later_is_start = false; ran < until_leap_counts && events.next();) {
        const Duration between(later ? *later - events.int64(0) : 0);
        if (between > clock_leap) return until_leap_counts - ran;
        if (!later_is_start) ran += std::max(between, Duration::zero());
        later = events.int64(0);
        later_is_start = events.int32(1) != 0;
    }
    return Duration::zero();
}

// Backwards, as above, to where the trail tells of the loss.
Duration ran_unreconciled(Transaction& transaction, Duration enough) {
    Duration ran{0};
    if (is_reconciled(transaction)) return ran;
    sql::Query events(transaction,
                      "SELECT at, type = 'node_started', type IN ('database_created', 'database_older', "
                      "'database_foreign', 'database_unmarked') FROM audit_event ORDER BY id DESC",
                      {});
    std::optional<std::int64_t> later;
    for (bool later_is_start = false; ran < enough && events.next();) {
        const Duration between(later ? *later - events.int64(0) : 0);
        if (!later_is_start && between <= clock_leap) ran += std::max(between, Duration::zero());
        if (events.int32(2) != 0) break;
        later = events.int64(0);
        later_is_start = events.int32(1) != 0;
    }
    return std::min(ran, enough);
}

nlohmann::json retention_status(Transaction& transaction) {
    auto rows = sql::select(transaction,
                            "SELECT looked_at, budget AS budget_bytes, over_since AS over_budget_since FROM"
                            " retention");
    auto status = rows.at(0);
    for (const char* key : {"looked_at", "over_budget_since"})
        if (status[key].is_number())
            status[key] = to_iso8601(from_microseconds(status[key].get<std::int64_t>()));
    for (const auto& total : sql::select(transaction, "SELECT kind, files, bytes FROM stored_total"))
        status["kept"][total.at("kind").get<std::string>()] = {{"files", total.at("files")},
                                                               {"bytes", total.at("bytes")}};
    status["removals_waiting"] = sql::number(transaction, "SELECT count(*) FROM removal").value_or(0);
    const auto count = [&](const char* sql) { return sql::number(transaction, sql).value_or(0); };
    status["studies"] = {{"on_disk", count("SELECT count(*) FROM study WHERE removed_at IS NULL")},
                         {"removed", count("SELECT count(*) FROM study WHERE removed_at IS NOT NULL")},
                         {"held", count("SELECT count(*) FROM study WHERE held_at IS NOT NULL")}};
    auto holds =
        sql::select(transaction,
                    "SELECT study_instance_uid, accession_number, held_at AS at, held_by, held_for AS"
                    " reason, removed_at AS since FROM study WHERE held_at IS NOT NULL ORDER BY"
                    " held_at, id");
    times_to_text(holds);
    for (auto& hold : holds) {
        hold["held_at"] = hold["at"];
        hold["removed_at"] = hold["since"];
        hold.erase("at");
        hold.erase("since");
    }
    status["holds"] = std::move(holds);
    status["audit_begins_after"] = audit_beginning(transaction).through;
    return status;
}

nlohmann::json preview_of_retention(Transaction& transaction, const RetentionSettings& settings,
                                    std::optional<std::uint64_t> budget, Duration quiet) {
    const auto kept = kept_bytes(transaction).all();
    auto excess = bytes_to_go(kept, budget, settings);
    nlohmann::json preview{{"kept_bytes", kept},
                           {"budget_bytes", budget ? nlohmann::json(*budget) : nlohmann::json()},
                           {"high_watermark_bytes",
                            budget ? nlohmann::json(high_watermark_of(*budget, settings)) : nlohmann::json()},
                           {"total", nlohmann::json::object()},
                           {"stays", nlohmann::json::object()},
                           {"studies", nlohmann::json::array()}};
    const RemovalRules rules{settings, true, excess > 0, quiet};
    FilesByStudy counted;
    for (const auto& [reason, due] :
         {std::pair(RemovalReason::replaced, replaced_objects_due(transaction, rules)),
          std::pair(RemovalReason::delivered, sent_captures_due(transaction, rules))}) {
        if (due.empty()) continue;
        const auto files = total_of_studies(due, counted);
        preview["total"][enum_string(reason)] = {
            {"studies", 0}, {"files", files.files}, {"bytes", files.bytes}};
        excess -= files.bytes;
    }
    StudyCursor cursor;
    for (auto studies = studies_on_disk(transaction, cursor); !studies.empty();
         studies = studies_on_disk(transaction, cursor))
        for (const auto& study : studies) {
            cursor = {study.received_at, study.id};
            const auto reason = why_removed(study, {settings, true, excess > 0, quiet}, transaction.now());
            const char* stays = reason ? nullptr : why_it_stays(study);
            if (!reason && stays == nullptr) continue;
            const auto files = files_left(transaction, study.id, counted);
            add(reason ? preview["total"][enum_string(*reason)] : preview["stays"][stays], files);
            if (!reason) continue;
            excess -= files.bytes;
            if (preview["studies"].size() < most_previewed)
                preview["studies"].push_back(line_of(transaction, study, *reason, files));
        }
    return preview;
}

}  // namespace hilum
