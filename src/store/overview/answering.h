// What the questions of Overview share.
#pragma once

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/error.h"
#include "store/database/database.h"

namespace hilum {

// What the question, asked within one transaction, found; failures in words of reading.
template <typename Question>
auto answered(Database& database, Question question) -> Result<std::invoke_result_t<Question, Transaction&>> {
    try {
        auto answer = database.transact(now(), std::move(question));
        if (!answer) return fail("database", "cannot read the {}", answer.error().message);
        return answer;
    } catch (const nlohmann::json::exception& error) {
        return fail("database", "the database holds malformed JSON: {}", error.what());
    }
}

// Times of the database become ISO 8601 in UTC; 0, which stands for "not yet" or "at once", becomes null.
inline void times_to_text(nlohmann::json& rows) {
    for (auto& row : rows)
        for (const char* key : {"created_at", "updated_at", "next_attempt_at", "received_at",
                                "last_arrival_at", "paused_at", "urgent_at", "withdrawn_at", "seen_at",
                                "set_at", "at", "since", "finished_at", "last_error_at"})
            if (row.contains(key) && row[key].is_number()) {
                const auto at = row[key].get<std::int64_t>();
                row[key] = at > 0 ? nlohmann::json(to_iso8601(from_microseconds(at))) : nlohmann::json();
            }
}

}  // namespace hilum
