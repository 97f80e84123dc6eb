// What a command line that was not understood most likely meant.
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace hilum::cli {

// The innermost verb or group of verbs that the parsed command line names; `app` itself where it names none.
const CLI::App& chosen_verb(const CLI::App& app);

// Of a command line with more on it than `app` knows: the first unknown verb, option or argument, what is
// most like it, and where the verbs and options are listed.
std::string what_was_not_expected(const CLI::App& app);

// That `word` is no verb of `verb`, what is most like it, and which there are.
std::string what_is_no_verb_of(const CLI::App& verb, const std::string& word);

// A help text of CLI11 in lines of at most `columns`: what is longer goes on below itself.
std::string wrapped_help(const std::string& help, std::size_t columns);

}  // namespace hilum::cli
