// HILUM_JSON(Type) declares the JSON form of a struct, as an object with its members' names. Whoever uses it
// includes nlohmann/json.hpp; define_json.h defines it in one source file. Reading throws
// nlohmann::json::exception where a member is missing.
#pragma once

#include <nlohmann/json_fwd.hpp>

#define HILUM_JSON(Type)                                   \
    void to_json(nlohmann::json& json, const Type& value); \
    void from_json(const nlohmann::json& json, Type& value);
