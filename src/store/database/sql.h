// How the files of src/store speak SQL within a Transaction. No other folder includes this.
// Statements are prepared once and kept by their text; `?` and `?1` stand for the arguments in order.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "store/database/transaction.h"

namespace hilum {
struct Statement;
}

namespace hilum::sql {

using Value = std::variant<std::nullptr_t, std::int64_t, double, std::string_view>;

template <typename T>
Value to_value(const T& value) {
    if constexpr (std::is_same_v<T, std::nullptr_t>)
        return nullptr;
    else if constexpr (std::is_integral_v<T>)
        return static_cast<std::int64_t>(value);
    else if constexpr (std::is_floating_point_v<T>)
        return static_cast<double>(value);
    else
        return std::string_view(value);
}
template <typename T>
Value to_value(const std::optional<T>& value) {
    return value ? to_value(*value) : Value(nullptr);
}

// The columns of one row, from 0. A NULL reads as 0 or "".
class Row {
  public:
    bool is_null(int column) const;
    std::int64_t int64(int column) const;
    int int32(int column) const;
    double real(int column) const;
    std::string text(int column) const;
    int columns() const;
    std::string name(int column) const;
    Value value(int column) const;  // its text is valid until the next row

  protected:
    Row() = default;
    Statement* statement_ = nullptr;
};

// A statement at work; ends its use of the database when it goes.
class Query : public Row {
  public:
    Query(Transaction& transaction, std::string_view text, std::span<const Value> values);
    Query(const Query&) = delete;
    Query& operator=(const Query&) = delete;
    ~Query();
    bool next();          // to the next row, the first to begin with; false: there is none
    int changes() const;  // rows that it changed

  private:
    Connection& connection_;
};

std::int64_t last_id(Transaction& transaction);  // of the row that was inserted last

// Calls row(const Row&) for each row.
template <typename Each, typename... Args>
void each(Transaction& transaction, std::string_view text, Each row, const Args&... args) {
    const std::array<Value, sizeof...(args)> values{to_value(args)...};
    Query query(transaction, text, values);
    while (query.next()) row(static_cast<const Row&>(query));
}

// Returns the number of rows that it changed.
template <typename... Args>
int execute(Transaction& transaction, std::string_view text, const Args&... args) {
    const std::array<Value, sizeof...(args)> values{to_value(args)...};
    Query query(transaction, text, values);
    while (query.next()) {
    }
    return query.changes();
}

// Throws DatabaseFailure: an index names the row, which says otherwise. The process ends, and the next start
// makes the indices anew.
[[noreturn]] void index_lies(std::string_view table, std::int64_t id);

// The first column of the first row; nothing when there is no row or it is NULL.
template <typename... Args>
std::optional<std::int64_t> number(Transaction& transaction, std::string_view text, const Args&... args) {
    const std::array<Value, sizeof...(args)> values{to_value(args)...};
    Query query(transaction, text, values);
    if (!query.next() || query.is_null(0)) return std::nullopt;
    return query.int64(0);
}

}  // namespace hilum::sql
