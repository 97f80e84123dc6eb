// `hilum`: what the operator types, parsed and carried out. Every verb lives in the file of its group.
#pragma once

#include <filesystem>
#include <functional>
#include <iosfwd>
#include <optional>

#include "base/error.h"
#include "cli/terminal/terminal.h"
#include "cli/verb.h"
#include "contract/configuration.h"

namespace hilum::cli {

// The same for every verb; docs/operations.md explains them, and `hilum --help`.
enum ExitCode {
    exit_ok = 0,           // done; the node is well
    exit_failed = 1,       // not done, or not all of it; the node is not well
    exit_usage = 2,        // not understood or not confirmed: nothing was done
    exit_unreachable = 3,  // the node cannot be asked: its configuration, its database, or it does not run
};

// The exit code of a verb that ends with this error.
ExitCode exit_code_of(const Error& error);

// What every verb gets: the options that stand beside it, and where it writes.
struct Context {
    std::filesystem::path config = "/etc/hilum/hilum.yaml";
    bool config_named = false;  // by --config
    bool json = false;
    std::ostream& out;
    std::ostream& err;
    Terminal terminal;

    // The configuration, or an Error that lists its problems. `has_config()` tells whether the file is there.
    Result<Configuration> configuration() const;
    bool has_config() const;

    // For verbs that need no node: only what was named. What they make must not depend on which node happens
    // to be installed here.
    std::optional<std::filesystem::path> named_config() const {
        return config_named ? std::optional(config) : std::nullopt;
    }

    // Prints the error where it belongs (as JSON on `out` with --json, else on `err`); returns its exit code.
    int failed(const Error& error) const;
};

// Each adds its verbs to `app`.
void add_status_verb(const Verb& app);
void add_studies_verb(const Verb& app);
void add_jobs_verbs(const Verb& app);
void add_destination_verbs(const Verb& app);
void add_result_verbs(const Verb& app);
void add_audit_verbs(const Verb& app);
void add_retention_verb(const Verb& app);
void add_token_verbs(const Verb& app);
void add_database_verbs(const Verb& app);
void add_dicom_verbs(const Verb& app);  // echo, send
void add_predict_verb(const Verb& app);
void add_model_verbs(const Verb& app);
void add_dataset_verbs(const Verb& app);
void add_phantom_verb(const Verb& app);
void add_evaluate_verb(const Verb& app);
void add_calibrate_verb(const Verb& app);
void add_accept_verb(const Verb& app);
void add_reader_study_verbs(const Verb& app);

// The whole program. `arguments` are those after the program's name. What is written to `out` and `err` holds
// no character that could steer a terminal (terminal_text.h).
int run(std::vector<std::string> arguments, std::ostream& out, std::ostream& err,
        const Terminal& terminal = {});

}  // namespace hilum::cli
