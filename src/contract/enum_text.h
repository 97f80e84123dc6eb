// An enum and the words that stand for it on the wire, in the database, in JSON and in metrics: written once,
// in its table beside the enum:
//     enum class Mode { active, shadow };
//     template <>
//     inline constexpr auto enum_texts<Mode> =
//         texts_of_enum<Mode>({{Mode::active, "active"}, {Mode::shadow, "shadow"}});
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace hilum {

template <typename E, std::size_t n>
constexpr std::array<std::pair<E, std::string_view>, n> texts_of_enum(
    const std::pair<E, std::string_view> (&texts)[n]) {
    return std::to_array(texts);
}

template <typename E>
inline constexpr std::nullptr_t enum_texts{};

template <typename E>
concept HasTexts =
    std::is_enum_v<E> && !std::is_same_v<std::remove_cv_t<decltype(enum_texts<E>)>, std::nullptr_t>;

// Its text; empty for a number that is none of its values.
template <HasTexts E>
constexpr std::string_view enum_text(E value) {
    for (const auto& [one, text] : enum_texts<E>)
        if (one == value) return text;
    return {};
}
template <HasTexts E>
std::string enum_string(E value) {
    return std::string(enum_text(value));
}

// None where no value has this text.
template <HasTexts E>
constexpr std::optional<E> enum_from(std::string_view text) {
    for (const auto& [value, one] : enum_texts<E>)
        if (one == text) return value;
    return std::nullopt;
}

}  // namespace hilum
