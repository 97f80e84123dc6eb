// `hilum`: what the operator types, parsed and carried out. Every verb lives in the file of its group.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <functional>
#include <iosfwd>

#include "base/error.h"
#include "pipeline/types/configuration.h"

namespace hilum::cli {

enum ExitCode { exit_ok = 0, exit_failed = 1, exit_usage = 2 };

// What every verb gets: the options that stand before it, and where it writes.
struct Context {
    std::filesystem::path config = "/etc/hilum/hilum.yaml";
    bool json = false;
    std::ostream& out;
    std::ostream& err;

    // The configuration, or an Error that lists its problems. `has_config()` tells whether the file is there.
    Result<Configuration> configuration() const;
    bool has_config() const;

    // Prints the error where it belongs (as JSON on `out` with --json, else on `err`); returns exit_failed.
    int failed(const Error& error) const;
};

// What a verb does once the command line is parsed; returns the exit code.
using Action = std::function<int(const Context&)>;

// Each adds its verbs to `app`; a verb that is chosen puts what is to be done into `action`.
void add_status_verb(CLI::App& app, Action& action);
void add_jobs_verbs(CLI::App& app, Action& action);
void add_destination_verbs(CLI::App& app, Action& action);
void add_result_verbs(CLI::App& app, Action& action);
void add_audit_verbs(CLI::App& app, Action& action);
void add_dicom_verbs(CLI::App& app, Action& action);  // echo, send
void add_predict_verb(CLI::App& app, Action& action);
void add_model_verbs(CLI::App& app, Action& action);
void add_phantom_verb(CLI::App& app, Action& action);

// The whole program. `arguments` are those after the program's name.
int run(std::vector<std::string> arguments, std::ostream& out, std::ostream& err);

}  // namespace hilum::cli
