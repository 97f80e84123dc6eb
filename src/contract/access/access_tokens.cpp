#include "contract/access/access_tokens.h"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <span>
#include <sstream>

#include "base/digest.h"
#include "base/file_system.h"
#include "base/signing/constant_time.h"
#include "base/text.h"
#include "base/tls/pem_source.h"

namespace hilum {
namespace {

constexpr std::string_view prefix = "hilum_";  // by which scanners for leaked secrets find it
constexpr std::size_t token_bytes = 32, digits = 2 * token_bytes;

bool is_hex(std::string_view text) {
    return text.size() == digits && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool has_form(std::string_view token) {
    return token.starts_with(prefix) && is_hex(token.substr(prefix.size()));
}

Result<AccessToken> token_of_line(const std::string& line) {
    std::istringstream words(line);
    AccessToken token;
    std::string role, more;
    if (!(words >> token.name >> role >> token.sha256) || (words >> more))
        return fail("tokens", "is not NAME ROLE SHA256, as `hilum token create` prints it");
    if (!is_token_name(token.name))
        return fail("tokens", "begins with no name: letters, digits and . _ - @, at most 64");
    const auto known = enum_from<AccessRole>(role);
    if (!known) return fail("tokens", "has a role that is none of status, read and act");
    token.role = *known;
    if (!is_hex(token.sha256))
        return fail("tokens", "does not end with the SHA-256 of a token, 64 digits in lower case");
    return token;
}

}  // namespace

Result<AccessTokens> AccessTokens::parse(std::string_view text) {
    constexpr std::size_t most = 10'000;
    AccessTokens tokens;
    std::set<std::string> names, digests;
    int number = 0;
    for (const auto& whole : split(text, '\n')) {
        ++number;
        const auto line = whole.substr(0, whole.find('#'));
        if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
        auto token = token_of_line(line);
        if (!token) return fail("tokens", "line {} {}", number, token.error().message);
        if (!names.insert(token->name).second) return fail("tokens", "line {} repeats a name", number);
        if (!digests.insert(token->sha256).second) return fail("tokens", "line {} repeats a token", number);
        if (tokens.all_.size() >= most) return fail("tokens", "has more than {} tokens", most);
        tokens.all_.push_back(std::move(*token));
    }
    return tokens;
}

Result<AccessTokens> AccessTokens::read(const PemSource& source) {
    return read_secret(source).and_then([&](const std::string& text) -> Result<AccessTokens> {
        auto tokens = parse(text);
        if (!tokens) return fail(tokens.error().code, "{}: {}", source, tokens.error().message);
        return tokens;
    });
}

const AccessToken* AccessTokens::owner_of(std::string_view token) const {
    if (!has_form(token)) return nullptr;
    const auto digest = sha256_hex(token);
    const AccessToken* owner = nullptr;
    for (const auto& one : all_)
        if (same_secret(one.sha256, digest)) owner = &one;
    return owner;
}

bool is_token_name(std::string_view name) {
    constexpr std::size_t longest = 64;
    return !name.empty() && name.size() <= longest && std::ranges::all_of(name, [](unsigned char c) {
        return (c < 0x80 && std::isalnum(c) != 0) || c == '.' || c == '_' || c == '-' || c == '@';
    });
}

Result<std::string> make_token() {
    std::array<std::byte, token_bytes> bytes;
    if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
        return tl::unexpected(system_error(errno, "cannot get random bytes"));
    return std::string(prefix) + hex_of(bytes);
}

std::string line_of_token(std::string_view name, AccessRole role, std::string_view token) {
    return fmt::format("{} {} {}", name, enum_text(role), sha256_hex(token));
}

}  // namespace hilum
