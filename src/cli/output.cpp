#include "cli/output.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/terminal/terminal_text.h"
#include "store/overview/time_words.h"

namespace hilum::cli {
namespace {

constexpr std::size_t gap = 2;  // columns between cells

void print_row(std::ostream& out, const std::vector<std::string>& row,
               const std::vector<std::size_t>& widths) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
        if (widths[i] == 0) continue;  // left out
        const auto cell = shortened(row[i], widths[i]);
        line += cell;
        line.append(widths[i] - width_of(cell) + gap, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out << line << "\n";
}

std::size_t total(const std::vector<std::size_t>& widths) {
    std::size_t sum = 0;
    for (const auto width : widths) sum += width == 0 ? 0 : width + gap;
    return sum == 0 ? 0 : sum - gap;
}

// Leaves columns out (width 0) until the rest fits when it is shortened, and shortens the widest first.
void fit(std::vector<std::size_t>& widths, const std::vector<Table::Column>& head, std::size_t columns) {
    auto least = widths;
    for (std::size_t i = 0; i < head.size(); ++i) least[i] = std::min(widths[i], head[i].least);
    for (std::size_t i = head.size(); i-- > 0 && total(least) > columns;)
        if (head[i].optional) widths[i] = least[i] = 0;
    while (total(widths) > columns) {
        std::size_t widest = head.size();
        for (std::size_t i = 0; i < head.size(); ++i)
            if (widths[i] > least[i] && (widest == head.size() || widths[i] > widths[widest])) widest = i;
        if (widest == head.size()) return;
        --widths[widest];
    }
}

const nlohmann::json* found(const nlohmann::json& object, const char* key) {
    const auto member = object.find(key);  // end() where it is no object
    return member == object.end() ? nullptr : &*member;
}

std::string in_local_time(const std::string& iso8601, std::string (*text)(Timestamp)) {
    const auto time = parse_utc(iso8601);
    return time ? text(*time) : iso8601;
}

}  // namespace

void Table::add(const std::vector<std::string>& row) {
    auto& cells = rows_.emplace_back();
    for (const auto& cell : row) cells.push_back(printable(cell));
    cells.resize(head_.size());
}

void Table::print(std::ostream& out, std::size_t columns) const {
    std::vector<std::size_t> widths;
    std::vector<std::string> titles;
    for (const auto& column : head_) {
        widths.push_back(width_of(column.title));
        titles.push_back(column.title);
    }
    for (const auto& row : rows_)
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
    fit(widths, head_, columns);
    print_row(out, titles, widths);
    for (const auto& row : rows_) print_row(out, row, widths);
}

void print_json(std::ostream& out, const nlohmann::json& json) {
    out << json_without_controls(json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace)) << "\n";
}

void print_json_line(std::ostream& out, const nlohmann::json& json) {
    out << json_without_controls(json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)) << "\n";
}

void print_wrapped(std::ostream& out, const std::string& head, const std::string& text, std::size_t columns) {
    const auto indent = width_of(head);
    bool first = true;
    for (const auto& line : wrapped(printable(text), columns > indent + 20 ? columns - indent : 20)) {
        out << (first ? head : std::string(indent, ' ')) << line << "\n";
        first = false;
    }
}

std::string text_of(const nlohmann::json& object, const char* key) {
    const auto* member = found(object, key);
    if (member == nullptr || member->is_null()) return {};
    if (member->is_string()) return printable(member->get_ref<const std::string&>());
    return printable(member->dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

std::int64_t number_of(const nlohmann::json& object, const char* key) {
    const auto* member = found(object, key);
    return member != nullptr && member->is_number() ? member->get<std::int64_t>() : 0;
}

bool is_true(const nlohmann::json& object, const char* key) {
    const auto* member = found(object, key);
    return member != nullptr && member->is_boolean() && member->get<bool>();
}

nlohmann::json list_of(const nlohmann::json& object, const char* key) {
    const auto* member = found(object, key);
    return member != nullptr && member->is_array() ? *member : nlohmann::json::array();
}

nlohmann::json mapping_of(const nlohmann::json& object, const char* key) {
    const auto* member = found(object, key);
    return member != nullptr && member->is_object() ? *member : nlohmann::json::object();
}

std::string short_time(const std::string& iso8601) {
    return in_local_time(iso8601, local_time);
}

std::string time_to_the_second(const std::string& iso8601) {
    return in_local_time(iso8601, local_time_to_the_second);
}

std::string human_size(std::uint64_t bytes) {
    static constexpr const char* units[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    std::size_t unit = 0;
    auto size = static_cast<double>(bytes);
    for (; size >= 1024; ++unit) size /= 1024;
    return unit == 0 ? fmt::format("{} bytes", bytes) : fmt::format("{:.1f} {}", size, units[unit]);
}

std::string counted(std::int64_t number, const std::string& one, const std::string& several) {
    return fmt::format("{} {}", number, number == 1 ? one : several);
}

}  // namespace hilum::cli
