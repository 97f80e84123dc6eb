#include "store/database/json_rows.h"

namespace hilum::sql {

nlohmann::json to_json(const Row& row) {
    nlohmann::json object = nlohmann::json::object();
    for (int i = 0; i < row.columns(); ++i) {
        auto& value = object[row.name(i)];
        std::visit([&](const auto& held) { value = held; }, row.value(i));
    }
    return object;
}

}  // namespace hilum::sql
