// What a command line that was not understood most likely meant.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace hilum::cli {

// The innermost verb or group of verbs that the parsed command line names; `app` itself where it names none.
const CLI::App& chosen_verb(const CLI::App& app);

// Of a command line with more on it than `app` knows: the first unknown verb, option or argument, what is
// most like it, and where the verbs and options are listed.
std::string what_was_not_expected(const CLI::App& app);

}  // namespace hilum::cli
