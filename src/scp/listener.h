// The listener process: accepts connections, lets them wait until they ask for an association, and forks a
// receiver for each that does, before a byte is read.
#pragma once

#include "base/channel.h"
#include "base/heartbeat.h"
#include "contract/configuration.h"

namespace hilum::scp {

// Runs the listener on `configuration.scp` until the coordinator closes its channel; returns the process's
// exit code. Receivers are children of this process, each with a channel of its own to the coordinator
// (ConnectionAccepted). Objects go to `data_dir`/spool. Single-threaded, so that forking is safe.
int run_listener(Channel coordinator, Heartbeat heartbeat, const Configuration& configuration);

}  // namespace hilum::scp
