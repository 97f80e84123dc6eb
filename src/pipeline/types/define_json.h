// HILUM_DEFINE_JSON(Type, members...): what NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE defines, but not inline, so that it is
// compiled once.
#pragma once

#include <nlohmann/json.hpp>

#define HILUM_DEFINE_JSON(Type, ...)                                                   \
    void to_json(nlohmann::json& nlohmann_json_j, const Type& nlohmann_json_t) {       \
        NLOHMANN_JSON_EXPAND(NLOHMANN_JSON_PASTE(NLOHMANN_JSON_TO, __VA_ARGS__))       \
    }                                                                                  \
    void from_json(const nlohmann::json& nlohmann_json_j, Type& nlohmann_json_t) {     \
        NLOHMANN_JSON_EXPAND(NLOHMANN_JSON_PASTE(NLOHMANN_JSON_FROM, __VA_ARGS__))     \
    }
