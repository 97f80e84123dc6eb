#include "pipeline/unit/unit_sandbox.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <optional>
#include <string_view>

namespace hilum {
namespace {

namespace fs = std::filesystem;

bool is_yes(std::string value) {
    std::ranges::transform(value, value.begin(), [](unsigned char c) { return std::tolower(c); });
    return value == "yes" || value == "true" || value == "on" || value == "1" || value == "y" || value == "t";
}

bool is_no(std::string value) {
    std::ranges::transform(value, value.begin(), [](unsigned char c) { return std::tolower(c); });
    return value == "no" || value == "false" || value == "off" || value == "0" || value == "n" ||
           value == "f";
}

// Words between blanks; quotes hold one together.
std::vector<std::string> words_in(const std::string& value) {
    std::vector<std::string> words;
    bool within = false;
    char quote = 0;
    for (const char c : value) {
        const bool blank = quote == 0 && (c == ' ' || c == '\t');
        const bool mark = quote == 0 ? c == '"' || c == '\'' : c == quote;
        if (mark) quote = quote == 0 ? c : '\0';
        if (!blank && !within) words.emplace_back();
        within = !blank;
        if (!blank && !mark) words.back() += c;
    }
    return words;
}

// Specifiers (systemd.unit(5)) that mean the same for every service of the system; nothing where there is
// another one.
std::optional<std::string> expanded(const std::string& word, const std::string& unit) {
    const auto name = unit.substr(0, unit.rfind('.'));
    const std::map<char, std::string> known{{'S', "/var/lib"}, {'t', "/run"}, {'C', "/var/cache"},
                                            {'L', "/var/log"}, {'E', "/etc"}, {'T', "/tmp"},
                                            {'V', "/var/tmp"}, {'n', unit},   {'N', name},
                                            {'p', name},       {'%', "%"}};
    std::string text;
    for (std::size_t i = 0; i < word.size(); ++i) {
        if (word[i] != '%') {
            text += word[i];
            continue;
        }
        const auto meant = ++i < word.size() ? known.find(word[i]) : known.end();
        if (meant == known.end()) return std::nullopt;
        text += meant->second;
    }
    return text;
}

// Links are followed, as the service manager does; without a slash at the end.
fs::path resolved(const fs::path& place) {
    std::error_code error;
    auto real = fs::weakly_canonical(place, error);
    if (error) real = place.lexically_normal();
    return real.has_filename() ? real : real.parent_path();
}

bool covers(const fs::path& folder, const fs::path& place) {
    return std::mismatch(folder.begin(), folder.end(), place.begin(), place.end()).first == folder.end();
}

auto depth(const fs::path& folder) {
    return std::distance(folder.begin(), folder.end());
}

// Older names of settings.
std::string current_name(const std::string& name) {
    constexpr std::string_view old = "Directories";
    if (name == "ReadWriteDirectories" || name == "ReadOnlyDirectories" || name == "InaccessibleDirectories")
        return name.substr(0, name.size() - old.size()) + "Paths";
    return name;
}

}  // namespace

UnitSandbox::UnitSandbox(const ServiceUnit& unit) : unit_(unit.name) {
    for (auto setting : unit.settings) {
        setting.name = current_name(setting.name);
        take(setting);
    }
}

void UnitSandbox::take(const UnitSetting& setting) {
    static const std::map<std::string, Kind> lists{
        {"ReadWritePaths", Kind::writable},           {"ReadOnlyPaths", Kind::read_only},
        {"InaccessiblePaths", Kind::inaccessible},    {"BindPaths", Kind::bound},
        {"BindReadOnlyPaths", Kind::bound_read_only}, {"TemporaryFileSystem", Kind::emptied}};
    static const std::map<std::string, const char*> directories{{"StateDirectory", "/var/lib"},
                                                                {"CacheDirectory", "/var/cache"},
                                                                {"LogsDirectory", "/var/log"},
                                                                {"RuntimeDirectory", "/run"}};
    if (const auto list = lists.find(setting.name); list != lists.end())
        take_list(setting, list->second);
    else if (const auto parent = directories.find(setting.name); parent != directories.end())
        take_directories(setting, parent->second);
    else if (setting.name == "ProtectSystem")
        protect_system(setting);
    else if (setting.name == "ProtectHome")
        protect_home(setting);
    else if (setting.name == "PrivateTmp") {
        drop(setting.name);
        if (!setting.value.empty() && !is_no(setting.value))
            for (const auto* folder : {"/tmp", "/var/tmp"}) add(setting, Kind::emptied, folder);
    } else if (setting.name == "RootDirectory" || setting.name == "RootImage") {
        elsewhere_ = !setting.value.empty();
    }
}

void UnitSandbox::take_list(const UnitSetting& setting, Kind kind) {
    if (setting.value.empty()) return drop(setting.name);
    for (const auto& word : words_in(setting.value)) {
        auto text = expanded(word.substr(std::min(word.find_first_not_of("-+"), word.size())), unit_);
        // SOURCE:DESTINATION:OPTIONS of what is bound, PLACE:OPTIONS of what is emptied
        if (text && kind == Kind::emptied) text = text->substr(0, text->find(':'));
        if (text && (kind == Kind::bound || kind == Kind::bound_read_only))
            if (const auto colon = text->find(':'); colon != std::string::npos) {
                const auto to = text->substr(colon + 1);
                text = to.substr(0, to.find(':'));
            }
        if (text)
            add(setting, kind, *text);
        else
            untold_ = untold_ || kind == Kind::writable || kind == Kind::bound;
    }
}

void UnitSandbox::take_directories(const UnitSetting& setting, const char* parent) {
    if (setting.value.empty()) return drop(setting.name);
    for (const auto& word : words_in(setting.value)) {
        const auto text = expanded(word.substr(0, word.find(':')), unit_);
        if (text)
            add(setting, Kind::writable, fs::path(parent) / *text);
        else
            untold_ = true;
    }
}

// What is no value of a setting the service manager passes over.
void UnitSandbox::protect_system(const UnitSetting& setting) {
    const bool strict = setting.value == "strict", full = setting.value == "full";
    if (!strict && !full && !is_yes(setting.value) && !is_no(setting.value)) return;
    drop(setting.name);
    if (is_no(setting.value)) return;
    if (strict) {
        add(setting, Kind::read_only, "/");
        for (const auto* folder : {"/dev", "/proc", "/sys"}) add(setting, Kind::writable, folder);
        return;
    }
    for (const auto* folder : {"/usr", "/boot", "/efi"}) add(setting, Kind::read_only, folder);
    if (full) add(setting, Kind::read_only, "/etc");
}

void UnitSandbox::protect_home(const UnitSetting& setting) {
    const bool read_only = setting.value == "read-only", emptied = setting.value == "tmpfs";
    if (!read_only && !emptied && !is_yes(setting.value) && !is_no(setting.value)) return;
    drop(setting.name);
    if (is_no(setting.value)) return;
    const auto kind = read_only ? Kind::read_only : emptied ? Kind::emptied : Kind::inaccessible;
    for (const auto* folder : {"/home", "/root", "/run/user"}) add(setting, kind, folder);
}

void UnitSandbox::drop(const std::string& setting) {
    std::erase_if(rules_, [&](const auto& rule) { return rule.first == setting; });
}

void UnitSandbox::add(const UnitSetting& setting, Kind kind, const fs::path& folder) {
    rules_.emplace_back(setting.name,
                        Rule{kind, resolved(folder),
                             fmt::format("{}={} in {}", setting.name, setting.value, setting.file.string())});
}

std::string UnitSandbox::hides(const fs::path& place) const {
    if (elsewhere_) return {};
    const auto path = resolved(place);
    const Rule* longest = nullptr;  // of those that put something else there
    for (const auto& [name, rule] : rules_) {
        if (!covers(rule.folder, path)) continue;
        if (rule.kind == Kind::inaccessible) return rule.said;  // with all that is bound below it
        const bool views =
            rule.kind == Kind::emptied || rule.kind == Kind::bound || rule.kind == Kind::bound_read_only;
        if (views && (longest == nullptr || depth(rule.folder) > depth(longest->folder))) longest = &rule;
    }
    return longest != nullptr && longest->kind == Kind::emptied ? longest->said : "";
}

std::string UnitSandbox::keeps_read_only(const fs::path& place) const {
    if (elsewhere_ || untold_) return {};
    const auto path = resolved(place);
    const Rule* longest = nullptr;
    bool read_only = false;
    for (const auto& [name, rule] : rules_) {
        if (rule.kind == Kind::inaccessible || rule.kind == Kind::emptied || !covers(rule.folder, path))
            continue;
        const bool keeps = rule.kind == Kind::read_only || rule.kind == Kind::bound_read_only;
        const auto further = longest == nullptr ? 1 : depth(rule.folder) - depth(longest->folder);
        if (further < 0 || (further == 0 && !keeps)) continue;  // of two for one folder the stricter holds
        longest = &rule;
        read_only = keeps;
    }
    return read_only ? longest->said : "";
}

}  // namespace hilum
