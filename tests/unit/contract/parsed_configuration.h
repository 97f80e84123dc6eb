// The text of a configuration, read.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/yaml_reader.h"
#include "contract/configuration.h"

namespace hilum::test {

inline std::vector<std::string> problems_of(const std::string& text) {
    std::vector<std::string> all;
    for (const auto& problem : parse_configuration(text, "/etc/hilum/hilum.yaml").problems)
        all.push_back(problem.text());
    return all;
}

inline Configuration parsed(const std::string& text) {
    const auto loaded = parse_configuration(text, "/etc/hilum/hilum.yaml");
    for (const auto& problem : loaded.problems) ADD_FAILURE() << problem.text();
    return loaded.configuration;
}

}  // namespace hilum::test
