#include "results/delivery/hl7_acknowledgement.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string_view>
#include <vector>

#include "base/text.h"

namespace hilum::delivery {
namespace {

constexpr std::size_t most_error_codes = 5, longest_error_code = 10;
constexpr std::size_t longest_shown = 20;  // of a control id
constexpr std::size_t longest_code_shown = 4;
constexpr std::size_t most_segments_shown = 8, head_shown = 8;

using Segment =
    std::vector<std::string>;  // its fields; of MSH the first is the separator itself, as HL7 counts

bool is_padding(char c) {
    return std::isspace(static_cast<unsigned char>(c)) != 0 || c == '\0';
}

std::string trimmed(std::string text) {
    text.erase(text.begin(), std::ranges::find_if_not(text, is_padding));
    while (!text.empty() && is_padding(text.back())) text.pop_back();
    return text;
}

// Without what some receivers put before the first segment.
std::string_view without_prelude(std::string_view text) {
    for (;;) {
        if (text.starts_with("\xEF\xBB\xBF"))
            text.remove_prefix(3);
        else if (!text.empty() && (is_padding(text.front()) || text.front() == '\x0B'))
            text.remove_prefix(1);
        else
            return text;
    }
}

bool is_named(std::string_view line, std::string_view name) {
    return line.size() > name.size() && line.starts_with(name) &&
           std::isalnum(static_cast<unsigned char>(line[name.size()])) == 0;
}

struct Parsed {
    std::vector<Segment> segments;
    char component = '^';
};

// Nothing where the text begins with neither MSH nor, as some receivers have it, MSA.
Parsed parse(std::string_view text) {
    text = without_prelude(text);
    const bool header = is_named(text, "MSH");
    if (!header && !is_named(text, "MSA")) return {};
    const char separator = text[3];
    Parsed parsed;
    if (header && text.size() > 4) parsed.component = text[4];
    std::string lines(text);
    std::ranges::replace(lines, '\n', '\r');
    for (const auto& line : split(lines, '\r')) {
        if (line.empty()) continue;
        auto fields = split(line, separator);
        if (fields.front() == "MSH") fields.insert(fields.begin() + 1, std::string(1, separator));
        parsed.segments.push_back(std::move(fields));
    }
    return parsed;
}

std::string field(const Segment& segment, std::size_t number) {
    return number < segment.size() ? segment[number] : std::string();
}

const Segment* find(const Parsed& parsed, std::string_view name) {
    const auto found = std::ranges::find_if(
        parsed.segments, [&](const Segment& segment) { return trimmed(segment.front()) == name; });
    return found == parsed.segments.end() ? nullptr : &*found;
}

// The identifiers of ERR-3 (CWE): "207", "101, 102".
std::string error_codes(const Parsed& parsed) {
    std::string codes;
    std::size_t count = 0;
    for (const auto& segment : parsed.segments) {
        if (segment.front() != "ERR" || count == most_error_codes) continue;
        const auto code = split(field(segment, 3), parsed.component).front();
        const bool plain = !code.empty() && code.size() <= longest_error_code &&
                           std::ranges::all_of(code, [](unsigned char c) { return std::isalnum(c) != 0; });
        if (!plain) continue;
        codes += (count++ == 0 ? "" : ", ") + code;
    }
    return codes.empty() ? "" : " (ERR-3: " + codes + ")";
}

// Receivers keep MSH-10 in columns of ten characters or pad it to twenty.
bool may_be(const std::string& acknowledged, const std::string& control_id) {
    return trimmed(control_id).starts_with(acknowledged);
}

std::string shown(const std::string& text) {
    std::string safe;
    for (const char c : text.substr(0, longest_shown)) safe += c > ' ' && c <= '~' ? c : '.';
    return safe;
}

std::string segment_name(const Segment& segment) {
    const auto& name = segment.front();
    const bool plain = name.size() == 3 && std::ranges::all_of(name, [](unsigned char c) {
                           return std::isupper(c) != 0 || std::isdigit(c) != 0;
                       });
    return plain ? name : "?";
}

// What came, told so that no patient is: names of segments, or the first bytes in hex.
std::string description(const std::string& received, const Parsed& parsed) {
    if (without_prelude(received).empty()) return "nothing but white space";
    if (received.starts_with("HTTP/")) return "a web server's answer";
    std::string names;
    for (std::size_t i = 0; i < std::min(parsed.segments.size(), most_segments_shown); ++i)
        names += (i > 0 ? ", " : "") + segment_name(parsed.segments[i]);
    if (!names.empty()) return fmt::format("{} bytes with the segments {}", received.size(), names);
    std::string hex;
    for (const char c : received.substr(0, head_shown))
        hex += fmt::format("{}{:02X}", hex.empty() ? "" : " ", static_cast<unsigned char>(c));
    return fmt::format("{} bytes that begin with {}", received.size(), hex);
}

Answer answer_for_code(const std::string& code, const Parsed& parsed, const std::string& receiver) {
    const auto codes = error_codes(parsed);
    if (code == "AA" || code == "CA") return {Outcome::delivered, -1, receiver + " accepted it"};
    if (code == "AE" || code == "CE")
        return {Outcome::refused, -1,
                fmt::format("{} answers {}: it finds an error in the message{}; see its log", receiver, code,
                            codes)};
    if (code == "AR" || code == "CR")
        return {
            Outcome::retry, -1,
            fmt::format("{} answers {}: it rejects the message{}; check hl7.version, hl7.processing_id and "
                        "the names of application and facility, or its log",
                        receiver, code, codes)};
    return {Outcome::retry, -1,
            fmt::format("{} answered with an acknowledgement code that HL7 does not know{}", receiver,
                        code.size() <= longest_code_shown ? " ('" + shown(code) + "')" : "")};
}

}  // namespace

std::optional<std::string> message_control_id(const std::string& message) {
    if (message.size() < 9 || !message.starts_with("MSH")) return std::nullopt;
    const auto parsed = parse(message);
    if (parsed.segments.empty() || field(parsed.segments.front(), 10).empty()) return std::nullopt;
    return field(parsed.segments.front(), 10);
}

bool has_acknowledgement(const std::string& text) {
    const auto parsed = parse(text);
    const auto* acknowledgement = find(parsed, "MSA");
    return acknowledgement != nullptr && trimmed(field(*acknowledgement, 1)).size() >= 2;
}

Answer answer_for_acknowledgement(const std::string& received, const std::string& control_id,
                                  const std::string& receiver) {
    const auto parsed = parse(received);
    const auto* acknowledgement = find(parsed, "MSA");
    if (acknowledgement == nullptr)
        return {Outcome::retry, -1,
                fmt::format("{} answered something that is no acknowledgement: {}", receiver,
                            description(received, parsed))};
    const auto acknowledged = trimmed(split(field(*acknowledgement, 2), parsed.component).front());
    if (!may_be(acknowledged, control_id))
        return {Outcome::retry, -1,
                fmt::format("{} acknowledged another message (MSA-2 '{}') than the one it was sent ('{}')",
                            receiver, shown(acknowledged), shown(control_id))};
    return answer_for_code(trimmed(field(*acknowledgement, 1)), parsed, receiver);
}

}  // namespace hilum::delivery
