#include "evaluation/dataset/csv.h"

#include <algorithm>
#include <set>

#include "base/file_system.h"
#include "base/text.h"

namespace hilum::dataset {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

// Cells as they stand in the text, row by row.
class Reader {
  public:
    explicit Reader(std::string_view text) : text_(text) {}

    bool at_end() const { return at_ == text_.size(); }
    Result<CsvRow> row();

  private:
    Status cell(std::string& value);
    Status quoted_cell(std::string& value);
    bool at_line_end() const { return at_end() || text_[at_] == '\n' || text_[at_] == '\r'; }
    void skip_line_end();

    std::string_view text_;
    std::size_t at_ = 0, line_ = 1;
};

Result<CsvRow> Reader::row() {
    CsvRow row{line_, {}};
    for (;;) {
        if (auto read = cell(row.cells.emplace_back()); !read) return tl::unexpected(read.error());
        if (at_line_end()) break;
        ++at_;  // the comma
    }
    skip_line_end();
    return row;
}

Status Reader::cell(std::string& value) {
    if (!at_end() && text_[at_] == '"') return quoted_cell(value);
    for (; !at_line_end() && text_[at_] != ','; ++at_) {
        if (text_[at_] == '"')
            return fail("csv",
                        "line {}: a quote within a cell; a cell with quotes stands in quotes, and each of "
                        "its own is doubled",
                        line_);
        value += text_[at_];
    }
    return {};
}

Status Reader::quoted_cell(std::string& value) {
    const auto begin = line_;
    for (++at_; !at_end(); ++at_) {
        if (text_[at_] == '\n') ++line_;
        if (text_[at_] == '"' && (++at_ == text_.size() || text_[at_] != '"')) {
            if (at_line_end() || text_[at_] == ',') return {};
            return fail("csv", "line {}: text behind the quote that ends a cell", line_);
        }
        value += text_[at_];
    }
    return fail("csv", "line {}: a quoted cell does not end", begin);
}

void Reader::skip_line_end() {
    if (at_end()) return;
    if (text_[at_] == '\r' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n') ++at_;
    ++at_;
    ++line_;
}

// Well formed, without surrogates and overlong forms; the first byte that is not.
std::optional<std::size_t> first_bad_byte(std::string_view text) {
    for (std::size_t i = 0; i < text.size();) {
        const auto byte = [&](std::size_t n) { return static_cast<unsigned char>(text[i + n]); };
        const std::size_t more = byte(0) < 0x80 ? 0 : byte(0) >= 0xF0 ? 3 : byte(0) >= 0xE0 ? 2 : 1;
        if (byte(0) == 0 || (byte(0) >= 0x80 && byte(0) < 0xC2) || byte(0) > 0xF4 || i + more >= text.size())
            return i;
        for (std::size_t n = 1; n <= more; ++n)
            if ((byte(n) & 0xC0) != 0x80) return i;
        if ((byte(0) == 0xE0 && byte(1) < 0xA0) || (byte(0) == 0xED && byte(1) > 0x9F) ||
            (byte(0) == 0xF0 && byte(1) < 0x90) || (byte(0) == 0xF4 && byte(1) > 0x8F))
            return i;
        i += more + 1;
    }
    return {};
}

Status check_text(std::string_view text) {
    const auto bad = first_bad_byte(text);
    if (!bad) return {};
    const auto line = 1 + std::ranges::count(text.substr(0, *bad), '\n');
    return fail("csv", "line {}: this is not UTF-8 text; save the table as \"CSV UTF-8\"", line);
}

Status check_head(const std::vector<std::string>& head) {
    std::set<std::string> known;
    for (const auto& name : head) {
        if (name.empty()) return fail("csv", "line 1: a column has no name");
        if (!known.insert(name).second) return fail("csv", "line 1: there are two columns '{}'", name);
    }
    return {};
}

bool is_empty(const CsvRow& row) {
    return row.cells.size() == 1 && row.cells.front().empty();
}

Status check_row(const CsvRow& row, const CsvTable& table) {
    if (row.cells.size() == table.head.size()) return {};
    return fail("csv", "line {}: {} cells, and the header row has {}", row.line, row.cells.size(),
                table.head.size());
}

}  // namespace

std::optional<std::size_t> CsvTable::column(std::string_view name) const {
    const auto found = std::ranges::find(head, name);
    if (found == head.end()) return {};
    return static_cast<std::size_t>(found - head.begin());
}

Result<CsvTable> parse_csv(std::string_view text) {
    if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
    if (auto right = check_text(text); !right) return tl::unexpected(right.error());
    CsvTable table;
    for (Reader reader(text); !reader.at_end();) {
        auto row = reader.row();
        if (!row) return tl::unexpected(row.error());
        const bool head = table.head.empty();
        if (head && is_empty(*row)) return fail("csv", "line {}: the header row is empty", row->line);
        if (head) {
            std::ranges::transform(row->cells, std::back_inserter(table.head), without_blanks);
            if (auto right = check_head(table.head); !right) return tl::unexpected(right.error());
        } else if (table.head.size() > 1 && is_empty(*row)) {
            continue;
        } else if (auto right = check_row(*row, table); !right) {
            return tl::unexpected(right.error());
        } else {
            table.rows.push_back(std::move(*row));
        }
    }
    if (table.head.empty()) return fail("csv", "line 1: there is no header row");
    return table;
}

Result<CsvTable> read_csv(const std::filesystem::path& file) {
    const auto text = read_file(file, largest_csv);
    if (!text) return fail("unreadable", "{}", text.error().message);
    auto table = parse_csv(*text);
    if (!table) return fail(table.error().code, "{}: {}", file.string(), table.error().message);
    return table;
}

std::string without_blanks(const std::string& text) {
    const auto begin = text.find_first_not_of(" \t");
    return begin == std::string::npos ? "" : text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

bool is_csv_text(std::string_view text) {
    return !first_bad_byte(text);
}

std::string csv_line(const std::vector<std::string>& cells) {
    std::string line;
    for (const auto& cell : cells) {
        if (&cell != &cells.front()) line += ',';
        if (cell.find_first_of(",\"\r\n") == std::string::npos && !(cells.size() == 1 && cell.empty())) {
            line += cell;
            continue;
        }
        line += '"';
        for (const char c : cell) line += c == '"' ? std::string("\"\"") : std::string(1, c);
        line += '"';
    }
    return line + "\r\n";
}

}  // namespace hilum::dataset
