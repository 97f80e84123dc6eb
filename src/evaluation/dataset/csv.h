// Comma-separated values (RFC 4180): text that spreadsheets write, with a byte order mark, with CRLF or LF,
// with commas, quotes and line breaks in quoted cells.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace hilum::dataset {

struct CsvRow {
    std::size_t line = 0;  // where it begins, from 1
    std::vector<std::string> cells;
};

struct CsvTable {
    std::vector<std::string> head;  // without blanks around the names
    std::vector<CsvRow> rows;       // each with as many cells as the head; empty lines are left out

    std::optional<std::size_t> column(std::string_view name) const;
};

// Code "csv", with the line: no UTF-8, no header row, a column without a name or named twice, a row with too
// many or too few cells, a quote that is not closed or stands within a cell, a NUL.
Result<CsvTable> parse_csv(std::string_view text);

// The same of a file; its problems name it. "unreadable" where the file system refuses, or it is longer than
// largest_csv.
Result<CsvTable> read_csv(const std::filesystem::path& file);
inline constexpr std::size_t largest_csv = std::size_t{256} << 20;  // bytes

// Without blanks and tabs before and behind it.
std::string without_blanks(const std::string& text);

// Whether it may stand in a cell: UTF-8 without NUL.
bool is_csv_text(std::string_view text);

// A line of cells with its CRLF, quoted where that is needed.
std::string csv_line(const std::vector<std::string>& cells);

}  // namespace hilum::dataset
