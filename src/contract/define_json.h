// The definitions of what HILUM_JSON and HILUM_MESSAGE declare. For source files of contract alone: the
// library's templates are slow to compile.
#pragma once

#include <concepts>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "contract/enum_text.h"
#include "contract/messages/packet.h"

// Like NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE, but compiled once.
#define HILUM_JSON_MEMBERS(Type, ...)                                              \
    void to_json(nlohmann::json& nlohmann_json_j, const Type& nlohmann_json_t) {   \
        NLOHMANN_JSON_EXPAND(NLOHMANN_JSON_PASTE(NLOHMANN_JSON_TO, __VA_ARGS__))   \
    }                                                                              \
    void from_json(const nlohmann::json& nlohmann_json_j, Type& nlohmann_json_t) { \
        NLOHMANN_JSON_EXPAND(NLOHMANN_JSON_PASTE(HILUM_JSON_FROM, __VA_ARGS__))    \
    }
#define HILUM_JSON_FROM(member) hilum::read_member(nlohmann_json_j.at(#member), nlohmann_json_t.member);

#define HILUM_MESSAGE_MEMBERS(Type, ...)          \
    HILUM_JSON_MEMBERS(Type, __VA_ARGS__)         \
    Packet to_packet(const Type& message) {       \
        return packet_of(Type::type, message);    \
    }                                             \
    template <>                                   \
    Result<Type> from_packet(const Message& it) { \
        return read_packet<Type>(it);             \
    }

// It says nothing but its type.
#define HILUM_EMPTY_MESSAGE(Type)                     \
    void to_json(nlohmann::json& json, const Type&) { \
        json = nlohmann::json::object();              \
    }                                                 \
    void from_json(const nlohmann::json&, Type&) {}   \
    Packet to_packet(const Type& message) {           \
        return packet_of(Type::type, message);        \
    }                                                 \
    template <>                                       \
    Result<Type> from_packet(const Message& it) {     \
        return read_packet<Type>(it);                 \
    }

namespace hilum {

// Others than nlohmann's, which makes some integer of any number.
template <typename T>
concept Integer = std::integral<T> && !std::same_as<T, bool>;

template <Integer T>
T integer_of(const nlohmann::json& json) {
    const auto fitting = [&](auto value) {
        if (!std::in_range<T>(value))
            throw nlohmann::json::other_error::create(599, "a number out of range", &json);
        return static_cast<T>(value);
    };
    if (json.is_number_unsigned()) return fitting(json.get<std::uint64_t>());
    if (json.is_number_integer()) return fitting(json.get<std::int64_t>());
    throw nlohmann::json::type_error::create(302, "is no integer", &json);
}

template <typename T>
void read_member(const nlohmann::json& json, T& value) {
    json.get_to(value);
}
template <Integer T>
void read_member(const nlohmann::json& json, T& value) {
    value = integer_of<T>(json);
}
template <Integer T>
void read_member(const nlohmann::json& json, std::vector<T>& values) {
    if (!json.is_array()) throw nlohmann::json::type_error::create(302, "is no array", &json);
    values.clear();
    for (const auto& value : json) values.push_back(integer_of<T>(value));
}

// Found by argument-dependent lookup: an enum as its text, an error as an object, none as null.
template <HasTexts E>
void to_json(nlohmann::json& json, const E& value) {
    json = enum_string(value);
}
template <HasTexts E>
void from_json(const nlohmann::json& json, E& value) {
    const auto& text = json.get_ref<const std::string&>();
    const auto found = enum_from<E>(text);
    if (!found) throw nlohmann::json::other_error::create(599, "unknown word '" + text + "'", &json);
    value = *found;
}

template <>
inline constexpr auto enum_texts<Retry> = texts_of_enum<Retry>({{Retry::never, "never"},
                                                                {Retry::later, "later"},
                                                                {Retry::once_mended, "once_mended"}});

void to_json(nlohmann::json& json, const Error& error);
void from_json(const nlohmann::json& json, Error& error);
void to_json(nlohmann::json& json, const std::optional<Error>& error);
void from_json(const nlohmann::json& json, std::optional<Error>& error);

template <typename T>
Packet packet_of(const char* type, const T& message) {
    nlohmann::json body = message;
    body["type"] = type;
    return Packet(std::move(body));
}

template <typename T>
Result<T> read_packet(const Message& message) {
    if (packet_type(message) != T::type)
        return fail("protocol", "got a '{}' message where '{}' belongs", packet_type(message), T::type);
    try {
        return message.packet.body().get<T>();
    } catch (const nlohmann::json::exception& error) {
        return fail("protocol", "malformed '{}' message: {}", T::type, error.what());
    }
}

}  // namespace hilum
