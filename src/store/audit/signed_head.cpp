#include "store/audit/signed_head.h"

#include <fmt/format.h>

#include <algorithm>
#include <istream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string_view>

#include "base/digest.h"

namespace hilum::audit {
namespace {

constexpr std::string_view mark = R"({"audit_head":)";
constexpr std::size_t at_once = 1 << 20;    // bytes of a file
constexpr std::size_t longest_line = 4096;  // of line_of() some 350

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

// The object that begins at `text`, to the brace that closes it. There are no braces within its strings.
std::string_view object_at(std::string_view text) {
    int open = 0;
    for (std::size_t i = 0; i < std::min(text.size(), longest_line); ++i) {
        if (text[i] == '{') ++open;
        if (text[i] == '}' && --open == 0) return text.substr(0, i + 1);
    }
    return {};
}

std::optional<SignedHead> head_of(std::string_view object) {
    const auto json = nlohmann::json::parse(object, nullptr, false);
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

std::vector<SignedHead> heads_in(std::istream& bytes) {
    std::vector<SignedHead> heads;
    std::string text, more(at_once, '\0');
    for (bool last = false; !last;) {
        bytes.read(more.data(), static_cast<std::streamsize>(more.size()));
        last = !bytes;
        // A string within JSON has its quotes behind backslashes.
        std::copy_if(more.begin(), more.begin() + bytes.gcount(), std::back_inserter(text),
                     [](char c) { return c != '\\'; });
        // What begins further on may not be whole yet.
        const auto end = last ? text.size() : text.size() - std::min(text.size(), longest_line);
        for (auto at = text.find(mark); at < end; at = text.find(mark, at + 1))
            if (const auto head = head_of(object_at(std::string_view(text).substr(at))))
                heads.push_back(*head);
        text.erase(0, end);
    }
    return heads;
}

}  // namespace hilum::audit
