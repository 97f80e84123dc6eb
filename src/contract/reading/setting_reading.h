// How keys of some kinds are read from a configuration file. What is wrong with a value is noted as a
// problem.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/yaml_reader.h"
#include "contract/enum_text.h"

namespace hilum {

// PS3.5 6.2 AE: at most 16 characters of the default repertoire, no backslash, no control characters. Blanks
// at the ends mean nothing, so that one is a slip.
bool is_ae_title(std::string_view text);
// What is wrong with an AE title, in words for its kind of mistake.
std::string ae_title_problem(std::string_view title);
std::string ae_title(YamlMapping& at, const std::string& key, std::optional<std::string> fallback);

// Text for an attribute of DICOM. PS3.5 6.2 LO: at most 64 characters, no backslash, no control characters.
std::string long_string(YamlMapping& at, const std::string& key, const std::string& fallback);

Duration positive_duration(YamlMapping& at, const std::string& key, Duration fallback);

// A key that stands there with nothing behind it, as where its only lines are commented out.
bool stands_empty(const YamlMapping& at, const std::string& key);

enum class EmptyList { is_a_problem, is_none };

// A list that restricts: without its key everything is meant. With its key and nothing behind it that must
// not be taken for everything; nor must [], unless that has a meaning of its own there (`is_none`).
std::vector<std::string> restriction(YamlMapping& at, const std::string& key,
                                     EmptyList empty = EmptyList::is_a_problem);

// "none" is none.
std::optional<Duration> duration_or_none(YamlMapping& at, const std::string& key,
                                         std::optional<Duration> fallback);

// The same, longer than 0.
std::optional<Duration> positive_or_none(YamlMapping& at, const std::string& key,
                                         std::optional<Duration> fallback);

// A problem where the path is longer than that of a Unix socket can be.
void check_socket_length(YamlMapping& at, const std::string& key, const std::filesystem::path& path);

// An IPv6 address without the brackets that set it apart from a port.
std::string unbracketed(const std::string& address);

// The absolute path of a Unix socket, short enough for one; absent: empty.
std::filesystem::path socket_path(YamlMapping& at, const std::string& key);

// The name or address of another machine.
std::string host_name(YamlMapping& at, const std::string& key);

// Of the words of an enum.
template <HasTexts E>
E choice(YamlMapping& at, const std::string& key, E fallback) {
    std::vector<std::string_view> allowed;
    for (const auto& [value, text] : enum_texts<E>) allowed.push_back(text);
    return enum_from<E>(at.choice(key, allowed, enum_string(fallback))).value_or(fallback);
}

}  // namespace hilum
