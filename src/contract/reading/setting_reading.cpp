#include "contract/reading/setting_reading.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string_view>

#include "base/characters/utf8.h"
#include "base/ip_network.h"

namespace hilum {

bool is_ae_title(std::string_view text) {
    return !text.empty() && text.size() <= 16 && text.front() != ' ' && text.back() != ' ' &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f && c != '\\'; });
}

std::string ae_title_problem(std::string_view title) {
    const auto is_bad = [](unsigned char c) { return c < 0x20 || c >= 0x7f || c == '\\'; };
    if (title.empty()) return "is empty";
    const auto bad = std::find_if(title.begin(), title.end(), is_bad);
    if (bad != title.end() && static_cast<unsigned char>(*bad) >= 0x80)
        return fmt::format(
            "'{}' has a character that is not ASCII: AE titles have letters, digits and signs of ASCII only",
            title);
    if (bad != title.end()) return "must have no backslash, tab or other control character";
    if (title.size() > 16)
        return fmt::format("'{}' has {} characters; an AE title has 16 at most", title, title.size());
    return "must not begin or end with a blank";
}

std::string ae_title(YamlMapping& at, const std::string& key, std::optional<std::string> fallback) {
    auto title = at.string(key, std::move(fallback));
    if (at.has(key) && !is_ae_title(title))
        at.problem(key, "must be an AE title: " + ae_title_problem(title));
    return title;
}

std::string long_string(YamlMapping& at, const std::string& key, const std::string& fallback) {
    constexpr std::size_t longest = 64;
    auto text = at.string(key, fallback);
    std::size_t characters = 0;
    bool forbidden = false;
    for_each_character(text, [&](const Utf8Character& character) {
        ++characters;
        forbidden |= character.code == U'\\' || character.code < 0x20 ||
                     (character.code >= 0x7F && character.code < 0xA0);
    });
    if (characters > longest || forbidden)
        at.problem(key, "must have at most 64 characters, no backslash and no line breaks");
    return text;
}

bool stands_empty(const YamlMapping& at, const std::string& key) {
    const auto keys = at.keys();
    return !at.has(key) && std::ranges::find(keys, key) != keys.end();
}

std::vector<std::string> restriction(YamlMapping& at, const std::string& key, EmptyList empty) {
    auto some = at.strings(key);
    if (stands_empty(at, key) || (at.has(key) && some.empty() && empty == EmptyList::is_a_problem))
        at.problem(key, "is empty: leave it out, or name some");
    return some;
}

Duration positive_duration(YamlMapping& at, const std::string& key, Duration fallback) {
    const auto value = at.duration(key, fallback);
    if (value.count() == 0) at.problem(key, "must be longer than 0");
    return value;
}

std::optional<Duration> duration_or_none(YamlMapping& at, const std::string& key,
                                         std::optional<Duration> fallback) {
    if (at.has(key) && at.string(key) == "none") return std::nullopt;
    return at.duration(key, fallback);
}

std::optional<Duration> positive_or_none(YamlMapping& at, const std::string& key,
                                         std::optional<Duration> fallback) {
    const auto value = duration_or_none(at, key, fallback);
    if (value == Duration::zero()) at.problem(key, "must be longer than 0, or none");
    return value;
}

std::string unbracketed(const std::string& address) {
    if (address.size() < 2 || address.front() != '[' || address.back() != ']') return address;
    return address.substr(1, address.size() - 2);
}

void check_socket_length(YamlMapping& at, const std::string& key, const std::filesystem::path& path) {
    constexpr std::size_t longest = 107;  // sockaddr_un
    if (const auto size = path.native().size(); size > longest)
        at.problem(key, fmt::format("{} has {} characters; the path of a socket has at most {}",
                                    path.string(), size, longest));
}

std::filesystem::path socket_path(YamlMapping& at, const std::string& key) {
    const auto path = at.string(key, "");
    if (!path.empty() && path.front() != '/')
        at.problem(key, "must be an absolute path, such as /run/hilum/name.sock");
    check_socket_length(at, key, path);
    return path;
}

// A mistake such as a port or a path in it could never be reached.
std::string host_name(YamlMapping& at, const std::string& key) {
    const auto host = unbracketed(at.string(key));
    if (!at.has(key)) return host;
    const bool plain = !host.empty() && std::ranges::all_of(host, [](unsigned char c) {
        return std::isgraph(c) != 0 && c != '/' && c != '@' && c != '[' && c != ']';
    });
    // Of an IPv6 address there may be a zone: fe80::1%eth0.
    if (!plain || (host.find(':') != std::string::npos && !IpAddress::parse(host.substr(0, host.find('%')))))
        at.problem(key, "must be a host name or an address, without a port");
    return host;
}

}  // namespace hilum
