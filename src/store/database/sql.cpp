#include "store/database/sql.h"

#include "store/database/connection.h"

namespace hilum::sql {
namespace {

void bind(SQLite::Statement& statement, int index, const Value& value) {
    if (std::holds_alternative<std::nullptr_t>(value)) return statement.bind(index);
    if (const auto* number = std::get_if<std::int64_t>(&value)) return statement.bind(index, *number);
    if (const auto* real = std::get_if<double>(&value)) return statement.bind(index, *real);
    statement.bind(index, std::string(std::get<std::string_view>(value)));
}

}  // namespace

bool Row::is_null(int column) const {
    return translated([&] { return statement_->prepared.isColumnNull(column); });
}

std::int64_t Row::int64(int column) const {
    return translated([&] { return statement_->prepared.getColumn(column).getInt64(); });
}

int Row::int32(int column) const {
    return static_cast<int>(int64(column));
}

double Row::real(int column) const {
    return translated([&] { return statement_->prepared.getColumn(column).getDouble(); });
}

std::string Row::text(int column) const {
    return translated([&] { return statement_->prepared.getColumn(column).getString(); });
}

int Row::columns() const {
    return statement_->prepared.getColumnCount();
}

std::string Row::name(int column) const {
    return translated([&] { return std::string(statement_->prepared.getColumnName(column)); });
}

Value Row::value(int column) const {
    return translated([&]() -> Value {
        const auto held = statement_->prepared.getColumn(column);
        if (held.isNull()) return nullptr;
        if (held.isInteger()) return held.getInt64();
        if (held.isFloat()) return held.getDouble();
        const char* text = held.getText();
        return std::string_view(text, static_cast<std::size_t>(held.getBytes()));
    });
}

Query::Query(Transaction& transaction, std::string_view text, std::span<const Value> values)
    : connection_(transaction.connection_) {
    translated([&] {
        statement_ = &connection_.prepared(text);
        statement_->prepared.clearBindings();
        int index = 0;
        for (const auto& value : values) bind(statement_->prepared, ++index, value);
    });
}

Query::~Query() {
    statement_->prepared.tryReset();
}

bool Query::next() {
    return translated([&] { return statement_->prepared.executeStep(); });
}

int Query::changes() const {
    return connection_.engine.getChanges();
}

void index_lies(std::string_view table, std::int64_t id) {
    throw DatabaseFailure(DatabaseFailure::Kind::lost,
                          "an index of the table " + std::string(table) + " names row " + std::to_string(id) +
                              ", which is not as that says: the database is damaged");
}

std::int64_t last_id(Transaction& transaction) {
    return number(transaction, "SELECT last_insert_rowid()").value_or(0);
}

}  // namespace hilum::sql
