// A key of a configuration file whose values are the words of an enum.
#pragma once

#include <string>
#include <vector>

#include "base/yaml_reader.h"
#include "contract/enum_text.h"

namespace hilum {

template <HasTexts E>
E choice(YamlMapping& at, const std::string& key, E fallback) {
    std::vector<std::string_view> allowed;
    for (const auto& [value, text] : enum_texts<E>) allowed.push_back(text);
    return enum_from<E>(at.choice(key, allowed, enum_string(fallback))).value_or(fallback);
}

}  // namespace hilum
