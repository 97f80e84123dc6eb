#include "base/yaml_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/characters/utf8.h"
#include "base/text.h"
#include "base/yaml/yaml_document.h"

namespace hilum {

std::string ConfigurationProblem::text() const {
    std::string where = line > 0 ? fmt::format("{}:{}", file, line) : file;
    return key.empty() ? fmt::format("{}: {}", where, message)
                       : fmt::format("{}: {}: {}", where, key, message);
}

namespace {

// The first line that has a tab before anything else; 0 where none has.
int line_with_tab(const std::string& text) {
    int number = 0;
    for (const auto& line : split(text, '\n')) {
        ++number;
        if (line.substr(0, line.find_first_not_of(" \t")).find('\t') != std::string::npos &&
            line.find_first_not_of(" \t\r") != std::string::npos)
            return number;
    }
    return 0;
}

// Such as a file that an editor saved in Latin-1; 0 where all is UTF-8.
int line_beyond_utf8(const std::string& text) {
    int line = 1;
    for (std::string_view rest = text; !rest.empty();) {
        const auto character = first_character(rest);
        if (!character.valid) return line;
        if (character.code == U'\n') ++line;
        rest.remove_prefix(character.bytes.size());
    }
    return 0;
}

// An empty node, and a problem noted, where the text is no YAML.
YAML::Node load(const std::string& text, const std::string& file, ConfigurationProblems& problems) {
    if (const int line = line_beyond_utf8(text); line != 0) {
        problems.push_back({file, line, "", "is not in UTF-8: save the file in that encoding"});
        return YAML::Node();
    }
    try {
        const auto document = yaml_document(text);
        if (document.other_line != 0)
            problems.push_back(
                {file, document.other_line, "",
                 "is not read, nor is what follows: what is read ends above, at a line --- or ..., or with a "
                 "list or mapping that is complete; a file is one document"});
        return document.root;
    } catch (const YAML::Exception& error) {
        const int tab = line_with_tab(text);
        if (tab != 0)
            problems.push_back({file, tab, "", "is indented with a tab; YAML takes blanks only"});
        else
            problems.push_back({file, error.mark.line + 1, "", "not valid YAML: " + error.msg});
    }
    return YAML::Node();
}

// A number in decimal digits, the whole of `text`. yaml-cpp takes 012 for an octal one, 0x12 for a
// hexadecimal one; YAML 1.2 has leading zeros mean nothing.
template <typename Number>
bool decode_decimal(const std::string& text, Number& number) {
    const bool plus = text.starts_with('+') && !text.starts_with("+-");
    const char *first = text.data() + (plus ? 1 : 0), *end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(first, end, number);
    return error == std::errc() && stopped == end;
}

bool converted(const YAML::Node& node, std::int64_t& number) {
    return decode_decimal(node.Scalar(), number);
}
bool converted(const YAML::Node& node, double& number) {
    // from_chars knows words for infinity, too; YAML's begin with a point.
    if (node.Scalar().find_first_not_of("+-.0123456789eE") == std::string::npos)
        return decode_decimal(node.Scalar(), number);
    return YAML::convert<double>::decode(node, number) && !std::isfinite(number);
}
template <typename T>
bool converted(const YAML::Node& node, T& value) {
    return YAML::convert<T>::decode(node, value);
}

// Why a scalar that looks like a number is none; empty for all else.
std::string in_another_base(const YAML::Node& node) {
    if (!node.IsScalar()) return {};
    const auto& text = node.Scalar();
    const auto digits = text.find_first_not_of("+-");
    const bool other = digits != std::string::npos && text.size() > digits + 1 && text[digits] == '0' &&
                       std::string_view("xXoObB").find(text[digits + 1]) != std::string_view::npos;
    return other ? fmt::format(" in decimal digits, which '{}' is not", text) : "";
}

}  // namespace

int line_of_key(const std::string& text, const std::string& key) {
    int line = 0;
    try {
        YAML::Node at = yaml_document(text).root;
        std::string path = key;
        std::replace(path.begin(), path.end(), '[', '.');
        for (auto part : split(path, '.')) {
            const bool is_index = part.ends_with("]");
            if (is_index) part.pop_back();
            YAML::Node next(YAML::NodeType::Undefined);
            if (is_index && at.IsSequence() && std::stoul(part) < at.size()) {
                next.reset(at[std::stoul(part)]);
                line = next.Mark().line + 1;
            } else if (!is_index && at.IsMap()) {
                for (const auto& entry : at)
                    if (entry.first.IsScalar() && entry.first.Scalar() == part) {
                        line = entry.first.Mark().line + 1;
                        next.reset(entry.second);
                    }
            }
            if (!next.IsDefined()) return line;
            at.reset(next);
        }
    } catch (const YAML::Exception&) {
        return line;
    }
    return line;
}

YamlMapping YamlMapping::parse(const std::string& text, const std::string& file,
                               ConfigurationProblems& problems) {
    YAML::Node root = load(text, file, problems);
    if (root.IsDefined() && !root.IsNull() && !root.IsMap()) {
        problems.push_back({file, root.Mark().line + 1, "", "must be a mapping of keys to values"});
        root = YAML::Node();
    }
    YamlMapping mapping(root, "", file, problems);
    return mapping;
}

std::vector<YamlMapping> YamlMapping::parse_list(const std::string& text, const std::string& file,
                                                 ConfigurationProblems& problems) {
    const YAML::Node root = load(text, file, problems);
    std::vector<YamlMapping> all;
    if (root.IsNull()) return all;
    if (!root.IsSequence()) {
        problems.push_back({file, root.Mark().line + 1, "", "must be a list"});
        return all;
    }
    for (std::size_t i = 0; i < root.size(); ++i) {
        const YAML::Node item = root[i];
        if (item.IsMap())
            all.push_back(YamlMapping(item, fmt::format("[{}]", i), file, problems));
        else
            problems.push_back(
                {file, item.Mark().line + 1, fmt::format("[{}]", i), "must be a mapping of keys to values"});
    }
    return all;
}

YamlMapping::YamlMapping(YAML::Node node, std::string path, std::string file, ConfigurationProblems& problems)
    : node_(node), path_(std::move(path)), file_(std::move(file)), problems_(&problems) {
    if (!node_.IsMap()) return;
    std::set<std::string> seen;
    for (const auto& entry : node_) {
        const int at = std::max(entry.first.Mark().line, node_.Mark().line) + 1;
        if (!entry.first.IsScalar())
            problems.push_back(
                {file_, at, path_, "has a key that is empty, a list or a mapping: nobody reads it"});
        else if (const auto& key = entry.first.Scalar(); !seen.insert(key).second)
            problems.push_back({file_, at, path_to(key), "is there twice"});
    }
}

std::string YamlMapping::path_to(const std::string& key) const {
    return path_.empty() ? key : path_ + "." + key;
}

YAML::Node YamlMapping::find(const std::string& key) {
    known_.insert(key);
    if (!node_.IsMap()) return YAML::Node(YAML::NodeType::Undefined);
    const YAML::Node& map = node_;  // the const operator[] does not insert
    const YAML::Node value = map[key];
    return !value.IsDefined() || value.IsNull() ? YAML::Node(YAML::NodeType::Undefined) : value;
}

bool YamlMapping::has(const std::string& key) const {
    const YAML::Node& map = node_;
    return node_.IsMap() && map[key].IsDefined() && !map[key].IsNull();
}

int YamlMapping::line() const {
    return node_.IsDefined() ? node_.Mark().line + 1 : 0;
}

void YamlMapping::problem(const std::string& key, const std::string& message) {
    const YAML::Node& map = node_;
    int at = line();
    if (node_.IsMap())
        for (const auto& entry : map)
            if (entry.first.IsScalar() && entry.first.Scalar() == key) at = entry.first.Mark().line + 1;
    known_.insert(key);  // one problem is enough
    problems_->push_back({file_, at, path_to(key), message});
}

template <typename T>
T YamlMapping::scalar(const std::string& key, std::optional<T> fallback, const char* kind) {
    const YAML::Node value = find(key);
    if (!value.IsDefined()) {
        if (!fallback) problem(key, "is missing");
        return fallback.value_or(T{});
    }
    T read{};
    if (!value.IsScalar() || !converted(value, read)) {
        problem(key, fmt::format("must be {}{}", kind, in_another_base(value)));
        return fallback.value_or(T{});
    }
    return read;
}

std::string YamlMapping::string(const std::string& key, std::optional<std::string> fallback) {
    return scalar<std::string>(key, std::move(fallback), "text");
}

std::int64_t YamlMapping::integer(const std::string& key, std::optional<std::int64_t> fallback,
                                  std::int64_t min, std::int64_t max) {
    const auto problems = problems_->size();
    const auto value = scalar<std::int64_t>(key, fallback, "a whole number");
    if (problems_->size() == problems && has(key) && (value < min || value > max)) {
        problem(key, max == std::numeric_limits<std::int64_t>::max()
                         ? fmt::format("is {}, must be at least {}", value, min)
                         : fmt::format("is {}, must be from {} to {}", value, min, max));
        return fallback.value_or(min);
    }
    return value;
}

double YamlMapping::number(const std::string& key, std::optional<double> fallback, double min, double max) {
    const auto problems = problems_->size();
    const auto value = scalar<double>(key, fallback, "a number");
    if (problems_->size() == problems && has(key) && !(value >= min && value <= max)) {
        problem(key, fmt::format("is {}, must be from {} to {}", value, min, max));
        return fallback.value_or(min);
    }
    return value;
}

bool YamlMapping::boolean(const std::string& key, std::optional<bool> fallback) {
    return scalar<bool>(key, fallback, "true or false");
}

Duration YamlMapping::duration(const std::string& key, std::optional<Duration> fallback) {
    if (!has(key)) {
        known_.insert(key);
        if (!fallback) problem(key, "is missing");
        return fallback.value_or(Duration{});
    }
    const auto parsed = parse_duration(string(key));
    if (!parsed) problem(key, parsed.error().message);
    return parsed.value_or(fallback.value_or(Duration{}));
}

std::uint64_t YamlMapping::size(const std::string& key, std::optional<std::uint64_t> fallback) {
    if (!has(key)) {
        known_.insert(key);
        if (!fallback) problem(key, "is missing");
        return fallback.value_or(0);
    }
    const auto parsed = parse_size(string(key));
    if (!parsed) problem(key, parsed.error().message);
    return parsed.value_or(fallback.value_or(0));
}

std::string YamlMapping::choice(const std::string& key, std::span<const std::string_view> allowed,
                                std::optional<std::string> fallback) {
    const auto value = string(key, fallback);
    std::string list;
    for (const auto& one : allowed) {
        if (value == one) return value;
        list += (list.empty() ? "" : ", ") + std::string(one);
    }
    if (has(key)) problem(key, fmt::format("is '{}', must be one of: {}", value, list));
    return fallback.value_or(std::string(*allowed.begin()));
}

template <typename T>
std::vector<T> YamlMapping::list(const std::string& key, const char* kind) {
    const YAML::Node value = find(key);
    std::vector<T> all;
    if (!value.IsDefined()) return all;
    const auto add = [&](const YAML::Node& node) {
        T read{};
        if (node.IsScalar() && converted(node, read))
            all.push_back(read);
        else
            problem(key, fmt::format("must hold {} only", kind));
    };
    if (value.IsSequence())
        for (const auto& item : value) add(item);
    else
        add(value);
    return all;
}

std::vector<std::string> YamlMapping::strings(const std::string& key) {
    return list<std::string>(key, "text");
}
std::vector<double> YamlMapping::numbers(const std::string& key) {
    return list<double>(key, "numbers");
}

YamlMapping YamlMapping::mapping(const std::string& key) {
    YAML::Node value = find(key);
    if (value.IsDefined() && !value.IsMap()) {
        problem(key, "must be a mapping of keys to values");
        value = YAML::Node(YAML::NodeType::Undefined);
    }
    return YamlMapping(value, path_to(key), file_, *problems_);
}

std::vector<YamlMapping> YamlMapping::mappings(const std::string& key) {
    const YAML::Node value = find(key);
    std::vector<YamlMapping> all;
    if (!value.IsDefined()) return all;
    if (!value.IsSequence()) {
        problem(key, "must be a list");
        return all;
    }
    for (std::size_t i = 0; i < value.size(); ++i) {
        const YAML::Node item = value[i];
        if (item.IsMap())
            all.push_back(YamlMapping(item, fmt::format("{}[{}]", path_to(key), i), file_, *problems_));
        else
            problem(key, fmt::format("item {} must be a mapping of keys to values", i + 1));
    }
    return all;
}

std::vector<std::string> YamlMapping::keys() const {
    std::vector<std::string> all;
    if (node_.IsMap())
        for (const auto& entry : node_)
            if (entry.first.IsScalar()) all.push_back(entry.first.Scalar());
    return all;
}

void YamlMapping::finish() {
    const std::vector<std::string> known(known_.begin(), known_.end());
    for (const auto& key : keys())
        if (!known_.contains(key)) problem(key, "is not a key that Hilum knows" + did_you_mean(key, known));
}

}  // namespace hilum
