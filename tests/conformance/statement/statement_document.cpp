#include "conformance/statement/statement_document.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace hilum::test {
namespace {

std::string line(const Row& cells) {
    std::string text = "|";
    for (const auto& cell : cells) text += " " + cell + " |";
    return text + "\n";
}

}  // namespace

std::string source_file(const std::string& name) {
    std::ifstream file(std::filesystem::path(HILUM_SOURCE_DIR) / name);
    EXPECT_TRUE(file) << name;
    return {std::istreambuf_iterator<char>(file), {}};
}

std::string source_files(const std::string& folder, const std::string& ending) {
    std::vector<std::string> names;
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(std::filesystem::path(HILUM_SOURCE_DIR) / folder))
        if (entry.path().string().ends_with(ending))
            names.push_back(entry.path().lexically_relative(HILUM_SOURCE_DIR));
    std::ranges::sort(names);
    std::string all;
    for (const auto& name : names) all += source_file(name);
    return all;
}

std::string documented(const std::string& name) {
    const std::string text = source_file("docs/conformance-statement.md");
    const std::string begin = "<!-- " + name + ": begin -->\n", end = "<!-- " + name + ": end -->\n";
    const auto from = text.find(begin), to = text.find(end);
    if (from == std::string::npos || to == std::string::npos) {
        ADD_FAILURE() << "docs/conformance-statement.md has no block " << name;
        return {};
    }
    return text.substr(from + begin.size(), to - from - begin.size());
}

std::string table(const Row& heads, const std::vector<Row>& rows) {
    std::string text = line(heads) + "|";
    for (std::size_t i = 0; i < heads.size(); ++i) text += "---|";
    text += "\n";
    for (const auto& row : rows) text += line(row);
    return text;
}

void expect_documented(const std::string& name, const std::string& table) {
    EXPECT_EQ(documented(name), table)
        << "put this between the comments '" << name << "' of docs/conformance-statement.md:\n"
        << table;
}

}  // namespace hilum::test
