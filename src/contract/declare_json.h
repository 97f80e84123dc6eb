// HILUM_JSON(Type) declares the JSON form of a struct, HILUM_JSON_MEMBERS(Type, members...) defines it in one
// source file: like NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE, but compiled once, since the library's templates are
// slow to compile.
#pragma once

#include <nlohmann/json.hpp>

#define HILUM_JSON(Type)                                   \
    void to_json(nlohmann::json& json, const Type& value); \
    void from_json(const nlohmann::json& json, Type& value);

#define HILUM_JSON_MEMBERS(Type, ...)                                              \
    void to_json(nlohmann::json& nlohmann_json_j, const Type& nlohmann_json_t) {   \
        NLOHMANN_JSON_EXPAND(NLOHMANN_JSON_PASTE(NLOHMANN_JSON_TO, __VA_ARGS__))   \
    }                                                                              \
    void from_json(const nlohmann::json& nlohmann_json_j, Type& nlohmann_json_t) { \
        NLOHMANN_JSON_EXPAND(NLOHMANN_JSON_PASTE(NLOHMANN_JSON_FROM, __VA_ARGS__)) \
    }
