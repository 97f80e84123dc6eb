// Rows as JSON, for what is shown to people.
#pragma once

#include <nlohmann/json.hpp>

#include "store/database/sql.h"

namespace hilum::sql {

nlohmann::json to_json(const Row& row);

// The rows as an array of objects named by column; numbers stay numbers, NULL becomes null.
template <typename... Args>
nlohmann::json select(Transaction& transaction, std::string_view text, const Args&... args) {
    nlohmann::json rows = nlohmann::json::array();
    each(
        transaction, text, [&](const Row& row) { rows.push_back(to_json(row)); }, args...);
    return rows;
}

}  // namespace hilum::sql
