// A verb, or group of verbs, of the command line and what may be given to it. In front of CLI11, whose header
// costs five seconds of every file that includes it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace hilum::cli {

struct Context;

// What a verb does once the command line is parsed; returns the exit code.
using Action = std::function<int(const Context&)>;

// An option or argument of a verb. A handle: the command line owns what is behind it. Each returns itself.
class Option {
  public:
    explicit Option(CLI::Option& option) : option_(&option) {}

    Option& required();
    Option& shows_default();  // in the help
    Option& between(int least, int most);
    Option& one_of(std::vector<std::string> values);
    // `problem` says what is wrong with a value; empty: nothing. `type` stands for the value in the help.
    Option& checked(const char* type, std::function<std::string(const std::string&)> problem);
    // A script whose variable is not set does not mean all that there is.
    Option& not_empty();
    Option& needs(const Option& other);
    Option& excludes(const Option& other);

  private:
    CLI::Option* option_;
};

// A handle likewise. What is bound to an option must live until the command line was parsed; it keeps its
// value as the default.
class Verb {
  public:
    // `action`: what is to be done goes there when the verb is chosen.
    Verb(CLI::App& app, Action& action) : app_(&app), action_(&action) {}

    Verb verb(const char* name, const char* text) const;

    // `names`: "--one,-o"; of an argument by its place, a word without dashes.
    Option option(const char* names, std::string& value, const std::string& text) const;
    Option option(const char* names, int& value, const std::string& text) const;
    Option option(const char* names, std::uint64_t& value, const std::string& text) const;
    Option option(const char* names, std::filesystem::path& value, const std::string& text) const;
    Option option(const char* names, std::vector<std::string>& values, const std::string& text) const;
    Option option(const char* names, std::vector<std::filesystem::path>& values,
                  const std::string& text) const;
    Option flag(const char* names, bool& value, const std::string& text) const;

    void does(Action action) const;

  private:
    CLI::App* app_;
    Action* action_;
};

}  // namespace hilum::cli
