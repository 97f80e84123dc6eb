// The coordinator process: the only owner of state. It starts and watches every other process, commits what
// they receive and find, and decides what happens next. It parses no foreign bytes.
#pragma once

#include "pipeline/node_options.h"

namespace hilum {

// Runs the node until SIGTERM or SIGINT, then drains for at most node.drain_timeout. Returns the exit code: 0
// after a drain; 1 when the node cannot start, with the reason in the log (data_dir in use or unwritable, the
// database damaged, the port taken, no audit.sign.key).
int run_coordinator(NodeOptions options);

}  // namespace hilum
