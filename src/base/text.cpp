#include "base/text.h"

namespace hilum {

std::vector<std::string> split(std::string_view text, char delimiter) {
    std::vector<std::string> parts(1);
    for (const char c : text)
        if (c == delimiter)
            parts.emplace_back();
        else
            parts.back() += c;
    return parts;
}

}  // namespace hilum
