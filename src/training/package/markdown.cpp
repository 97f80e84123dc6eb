#include "training/package/markdown.h"

#include <fmt/format.h>

#include <string_view>

namespace hilum::training {

std::string literal(const std::string& text) {
    constexpr std::string_view meaning = "\\`*_{}[]<>|#~&!";
    std::string result;
    for (const char c : text) {
        if (meaning.find(c) != meaning.npos) result += '\\';
        result += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
    }
    return result;
}

std::string markdown_table(Cells cells, const std::vector<std::string>& head,
                           const std::vector<std::vector<std::string>>& rows) {
    std::string text = fmt::format("| {} |\n|---|", fmt::join(head, " | "));
    for (std::size_t i = 1; i < head.size(); ++i) text += cells == Cells::numbers ? "---:|" : "---|";
    text += "\n";
    for (const auto& row : rows) text += fmt::format("| {} |\n", fmt::join(row, " | "));
    return text;
}

}  // namespace hilum::training
