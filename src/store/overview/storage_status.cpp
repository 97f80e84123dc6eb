#include "store/overview/storage_status.h"

#include <nlohmann/json.hpp>
#include "store/database/json_rows.h"
#include "store/overview/answering.h"

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

}  // namespace

Result<nlohmann::json> storage_status(const DataDirectory& directory) {
    auto database = Database::open(directory.database(), Database::Access::read_only);
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
            {"set_aside",
             still_there(sql::select(transaction,
                                     "SELECT file, code, error, at FROM set_aside ORDER BY at DESC, file"),
                         directory)}};
    });
}

}  // namespace hilum
