#include "cli/verb.h"

#include <CLI/CLI.hpp>

namespace hilum::cli {

Option& Option::required() {
    option_->required();
    return *this;
}

Option& Option::shows_default() {
    option_->capture_default_str();
    return *this;
}

Option& Option::between(int least, int most) {
    option_->check(CLI::Range(least, most));
    return *this;
}

Option& Option::one_of(std::vector<std::string> values) {
    option_->check(CLI::IsMember(std::move(values)));
    return *this;
}

Option& Option::checked(const char* type, std::function<std::string(const std::string&)> problem) {
    option_->check(
        CLI::Validator([problem = std::move(problem)](std::string& text) { return problem(text); }, type));
    return *this;
}

Option& Option::not_empty() {
    return checked("TEXT", [](const std::string& text) {
        return text.empty() ? "it is empty: leave the option out to name nothing" : std::string();
    });
}

Option& Option::needs(const Option& other) {
    option_->needs(other.option_);
    return *this;
}

Option& Option::excludes(const Option& other) {
    option_->excludes(other.option_);
    return *this;
}

Verb Verb::verb(const char* name, const char* text) const {
    return {*app_->add_subcommand(name, text), *action_};
}

Option Verb::option(const char* names, std::string& value, const std::string& text) const {
    return Option(*app_->add_option(names, value, text));
}

Option Verb::option(const char* names, int& value, const std::string& text) const {
    return Option(*app_->add_option(names, value, text));
}

Option Verb::option(const char* names, std::uint64_t& value, const std::string& text) const {
    return Option(*app_->add_option(names, value, text));
}

Option Verb::option(const char* names, std::filesystem::path& value, const std::string& text) const {
    return Option(*app_->add_option(names, value, text));
}

Option Verb::option(const char* names, std::vector<std::string>& values, const std::string& text) const {
    return Option(*app_->add_option(names, values, text));
}

Option Verb::option(const char* names, std::vector<std::filesystem::path>& values,
                    const std::string& text) const {
    return Option(*app_->add_option(names, values, text));
}

Option Verb::flag(const char* names, bool& value, const std::string& text) const {
    return Option(*app_->add_flag(names, value, text));
}

void Verb::does(Action action) const {
    // A verb within it, which comes first, is what was chosen.
    app_->callback([into = action_, action = std::move(action)] {
        if (!*into) *into = action;
    });
}

}  // namespace hilum::cli
