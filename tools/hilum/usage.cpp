#include "hilum/usage.h"

#include <fmt/format.h>

#include "base/text.h"

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
    const auto verbs = verbs_of(verb);
    if (verbs.empty())
        return fmt::format("'{}' was not expected by `{}`; see `{} --help`", first, name, name);
    return fmt::format("'{}' is no verb of `{}`{}\nits verbs: {}", first, name, did_you_mean(first, verbs),
                       joined(verbs));
}

}  // namespace hilum::cli
