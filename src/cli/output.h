// What the operator reads: aligned tables, or JSON.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <iosfwd>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace hilum::cli {

// A table of text with a head, two spaces between columns that are as wide as their widest cell. Where that
// is too wide, cells are shortened with an ellipsis, and then columns are left out.
class Table {
  public:
    struct Column {
        Column(const char* name) : title(name) {}
        Column(std::string name) : title(std::move(name)) {}
        Column(const char* name, std::size_t at_least, bool may_go = false)
            : title(name), least(at_least), optional(may_go) {}
        std::string title;
        std::size_t least =
            std::numeric_limits<std::size_t>::max();  // not to be cut shorter; default: not at all
        bool optional = false;  // left out, the last one first, where shortening does not suffice
    };

    explicit Table(std::vector<Column> head) : head_(std::move(head)) {}
    void add(const std::vector<std::string>& row);  // as many cells as the head has; see printable()
    bool empty() const { return rows_.empty(); }
    // Columns that can neither be shortened nor left out may make it wider than `columns`.
    void print(std::ostream& out, std::size_t columns = std::numeric_limits<std::size_t>::max()) const;

  private:
    std::vector<Column> head_;
    std::vector<std::vector<std::string>> rows_;
};

void print_json(std::ostream& out, const nlohmann::json& json);       // indented
void print_json_line(std::ostream& out, const nlohmann::json& json);  // on one line

// `text` in lines of at most `columns`, the first behind `head`, the others as far indented.
void print_wrapped(std::ostream& out, const std::string& head, const std::string& text, std::size_t columns);

// Members of what the daemon answers, whatever it is: what is absent, null or of another kind counts as
// empty. Text for people: numbers and objects as JSON, text as printable() has it.
std::string text_of(const nlohmann::json& object, const char* key);
std::int64_t number_of(const nlohmann::json& object, const char* key);
bool is_true(const nlohmann::json& object, const char* key);
nlohmann::json list_of(const nlohmann::json& object, const char* key);     // an array
nlohmann::json mapping_of(const nlohmann::json& object, const char* key);  // an object

// A time of the database, "2026-11-23T22:24:48.123456Z", in local time: "2026-11-23 23:24 CET". Empty stays
// so.
std::string short_time(const std::string& iso8601);
std::string time_to_the_second(const std::string& iso8601);  // "2026-11-23 23:24:48 CET"

std::string human_size(std::uint64_t bytes);                                                   // "1.5 GiB"
std::string counted(std::int64_t number, const std::string& one, const std::string& several);  // "2 jobs"

}  // namespace hilum::cli
