// The coordinator process: the only owner of state. It starts and watches every other process, commits what
// they receive and find, and decides what happens next. It parses no foreign bytes.
#pragma once

#include <filesystem>
#include <string>

#include "contract/configuration.h"

namespace hilum {

struct CoordinatorOptions {
    Configuration configuration;
    std::string configuration_text;            // the same text for every child
    std::filesystem::path configuration_file;  // names it, and the folder of its relative paths
    std::filesystem::path daemon_program;      // hilumd
    std::filesystem::path worker_program;      // hilum-worker
};

// Runs the node until SIGTERM or SIGINT, then drains for at most node.drain_timeout. Returns the exit code: 0
// after a drain; 1 when the node cannot start, with the reason in the log (data_dir in use or unwritable, the
// database damaged, the port taken).
int run_coordinator(const CoordinatorOptions& options);

}  // namespace hilum
