#include "store/audit/signed_head.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <span>

#include "base/digest.h"

namespace hilum::audit {
namespace {

constexpr const char* mark = R"({"audit_head":)";

// Empty where it is no hexadecimal text.
std::string bytes_of(const std::string& hex) {
    const auto digit = [](char c) {
        return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    };
    std::string bytes;
    if (hex.size() % 2 != 0) return bytes;
    for (std::size_t i = 0; i < hex.size(); i += 2) {
        const int high = digit(hex[i]), low = digit(hex[i + 1]);
        if (high < 0 || low < 0) return {};
        bytes += static_cast<char>(high * 16 + low);
    }
    return bytes;
}

// The object that begins at `begin`: to the brace that closes it. There are no braces within its strings.
std::string object_at(const std::string& line, std::size_t begin) {
    int open = 0;
    for (std::size_t i = begin; i < line.size(); ++i) {
        if (line[i] == '{') ++open;
        if (line[i] == '}' && --open == 0) return line.substr(begin, i - begin + 1);
    }
    return {};
}

}  // namespace

std::string statement_of(const SignedHead& head) {
    return fmt::format("hilum audit head, version 1\n{}\n{}\n{}\n{}\n", head.event, head.hash, head.at,
                       head.key);
}

SignedHead sign_head(std::int64_t event, const std::string& hash, const std::string& at,
                     const SigningKey& key) {
    SignedHead head{event, hash, at, key.verification_key().fingerprint(), ""};
    const auto signature = key.sign(statement_of(head));
    head.signature = hilum::hex_of(std::as_bytes(std::span(signature)));
    return head;
}

bool is_signed_by(const SignedHead& head, const VerificationKey& key) {
    return head.key == key.fingerprint() && key.verifies(statement_of(head), bytes_of(head.signature));
}

std::string line_of(const SignedHead& head) {
    return fmt::format(R"({} {{"event": {}, "hash": "{}", "at": "{}", "key": "{}", "signature": "{}"}}}})",
                       mark, head.event, head.hash, head.at, head.key, head.signature);
}

std::optional<SignedHead> head_in(const std::string& line) {
    if (line.find("audit_head") == std::string::npos) return std::nullopt;
    // A journal exported as JSON has the line as a string within it.
    std::string text;
    for (const char c : line)
        if (c != '\\') text += c;
    const auto begin = text.find(mark);
    if (begin == std::string::npos) return std::nullopt;
    const auto json = nlohmann::json::parse(object_at(text, begin), nullptr, false);
    if (json.is_discarded()) return std::nullopt;
    const auto& said = json["audit_head"];
    const auto word = [&](const char* name) {
        const auto it = said.find(name);
        return it != said.end() && it->is_string() ? it->get<std::string>() : std::string();
    };
    if (!said.is_object() || !said.contains("event") || !said["event"].is_number_integer())
        return std::nullopt;
    return SignedHead{said["event"].get<std::int64_t>(), word("hash"), word("at"), word("key"),
                      word("signature")};
}

}  // namespace hilum::audit
