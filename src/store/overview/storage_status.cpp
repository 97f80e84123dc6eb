#include "store/overview/storage_status.h"

#include <nlohmann/json.hpp>
#include "store/database/json_rows.h"
#include "store/overview/answering.h"
#include "store/overview/gauges.h"

namespace hilum {
namespace {

nlohmann::json first_of(nlohmann::json rows) {
    times_to_text(rows);
    return rows.empty() ? nlohmann::json() : rows.front();
}

nlohmann::json with_times(nlohmann::json rows) {
    times_to_text(rows);
    return rows;
}

// Whoever looked at what was set aside may have taken it away.
nlohmann::json still_there(nlohmann::json rows, const DataDirectory& directory) {
    times_to_text(rows);
    std::erase_if(rows.get_ref<nlohmann::json::array_t&>(), [&](const nlohmann::json& row) {
        const auto file = std::filesystem::path(row.at("file").get<std::string>()).filename();
        std::error_code error;
        return !std::filesystem::exists(directory.set_aside() / file, error);
    });
    return rows;
}

// That nothing has taken the place of.
nlohmann::json damaged_objects(Transaction& transaction) {
    auto rows = sql::select(
        transaction,
        "SELECT study_instance_uid, sop_instance_uid, file, instance.damage AS error, damaged_at AS at FROM "
        "instance "
        "JOIN study ON study.id = study_id WHERE damaged_at IS NOT NULL AND state IN ('to_analyse', 'prior') "
        "AND instance.removed_at IS NULL ORDER BY damaged_at DESC LIMIT 100");
    times_to_text(rows);
    return rows;
}

std::int64_t overdue_jobs(Transaction& transaction) {
    std::int64_t overdue = 0;
    for (const auto& gauge : read_gauges(transaction))
        if (gauge.name == "overdue_jobs") overdue += gauge.value;
    return overdue;
}

}  // namespace

Result<nlohmann::json> storage_status(const DataDirectory& directory) {
    auto database = Database::open(directory.database(), Database::Access::read_current);
    if (!database) return tl::unexpected(database.error());
    return answered(*database, [&](Transaction& transaction) {
        return nlohmann::json{
            {"database", first_of(sql::select(transaction,
                                              "SELECT id, since, reason FROM generation WHERE reason NOT"
                                              " IN ('', 'first') ORDER BY number DESC LIMIT 1"))},
            {"held_up", with_times(sql::select(transaction,
                                               "SELECT kind, count(*) AS jobs, min(trouble_since) AS since,"
                                               " error FROM job WHERE state = 'queued' AND troubles > 0"
                                               " GROUP BY kind, error ORDER BY jobs DESC LIMIT 10"))},
            {"spool",
             first_of(sql::select(transaction, "SELECT * FROM spool_survey ORDER BY id DESC LIMIT 1"))},
            {"damaged", damaged_objects(transaction)},
            {"overdue", overdue_jobs(transaction)},
            {"unreadable", sql::select(transaction,
                                       "SELECT study_instance_uid, id AS study, damage AS error FROM study "
                                       "WHERE damage != '' ORDER BY id LIMIT 100")},
            {"set_aside",
             still_there(sql::select(transaction,
                                     "SELECT file, code, error, at FROM set_aside ORDER BY at DESC, file"),
                         directory)}};
    });
}

}  // namespace hilum
