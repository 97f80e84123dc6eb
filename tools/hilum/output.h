// What the operator reads: aligned tables, or JSON.
#pragma once

#include <nlohmann/json.hpp>

#include <iosfwd>
#include <string>
#include <vector>

namespace hilum::cli {

// A table of text with a head, columns as wide as their widest cell, two spaces between them. Control
// characters in cells become '?', since some of the text came over the network.
class Table {
  public:
    explicit Table(std::vector<std::string> head);
    void add(std::vector<std::string> row);  // as many cells as the head has
    bool empty() const { return rows_.empty(); }
    void print(std::ostream& out) const;

  private:
    std::vector<std::string> head_;
    std::vector<std::vector<std::string>> rows_;
};

void print_json(std::ostream& out, const nlohmann::json& json);       // indented
void print_json_line(std::ostream& out, const nlohmann::json& json);  // on one line

// The member as text for people: "" when absent or null, numbers as they are, text without control
// characters.
std::string text_of(const nlohmann::json& object, const char* key);

// A time of the database, "2026-11-23T22:24:48.123456Z", to the second: "2026-11-23 22:24:48".
std::string short_time(const std::string& iso8601);

std::string human_size(std::uint64_t bytes);  // "1.5 GiB"

}  // namespace hilum::cli
