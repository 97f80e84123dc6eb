#include "cli/usage.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "base/text.h"
#include "cli/terminal/terminal_text.h"

namespace hilum::cli {
namespace {

std::string full_name(const CLI::App& verb) {
    const auto* parent = verb.get_parent();
    return (parent == nullptr ? "" : full_name(*parent) + " ") + verb.get_name();
}

std::vector<std::string> verbs_of(const CLI::App& app) {
    std::vector<std::string> names;
    for (const auto* verb : app.get_subcommands([](const CLI::App*) { return true; }))
        names.push_back(verb->get_name());
    return names;
}

std::vector<std::string> options_of(const CLI::App& app) {
    std::vector<std::string> names;
    for (const auto* option : app.get_options())
        for (const auto& name : option->get_lnames()) names.push_back("--" + name);
    return names;
}

}  // namespace

const CLI::App& chosen_verb(const CLI::App& app) {
    const auto chosen = app.get_subcommands();
    return chosen.empty() ? app : chosen_verb(*chosen.front());
}

std::string what_was_not_expected(const CLI::App& app) {
    const auto& verb = chosen_verb(app);
    const auto extras = app.remaining(true);
    const auto first = extras.empty() ? std::string() : extras.front();
    const auto name = full_name(verb);
    if (first.starts_with("-")) {
        const auto option = first.substr(0, first.find('='));
        return fmt::format("'{}' is no option of `{}`{}\n`{} --help` lists them", option, name,
                           did_you_mean(option, options_of(verb)), name);
    }
    return what_is_no_verb_of(verb, first);
}

std::string what_is_no_verb_of(const CLI::App& verb, const std::string& word) {
    const auto name = full_name(verb);
    const auto verbs = verbs_of(verb);
    if (verbs.empty()) return fmt::format("'{}' was not expected by `{}`; see `{} --help`", word, name, name);
    return fmt::format("'{}' is no verb of `{}`{}\nits verbs: {}", word, name, did_you_mean(word, verbs),
                       joined(verbs));
}

std::string wrapped_help(const std::string& help, std::size_t columns) {
    constexpr std::size_t description = 30;  // where CLI11 lets them begin
    std::string text;
    for (const auto& line : split(help, '\n')) {
        const bool describes =
            line.size() > description && line[description - 1] == ' ' && line[description] != ' ';
        const auto head = describes ? line.substr(0, description) : std::string();
        bool first = true;
        for (const auto& part : wrapped(line.substr(head.size()), columns - head.size())) {
            // wrapped() takes no notice of blanks at the beginning.
            const auto blanks =
                describes || !first ? std::string() : line.substr(0, line.find_first_not_of(' '));
            text += (first ? head : std::string(head.size(), ' ')) + blanks + part + "\n";
            first = false;
        }
    }
    text.pop_back();
    return text;
}

}  // namespace hilum::cli
