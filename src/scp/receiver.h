// The receiver process: one connection, from its first byte to its last.
#pragma once

#include "base/channel.h"
#include "base/heartbeat.h"
#include "base/tls/tls_context.h"
#include "base/unique_fd.h"
#include "contract/configuration.h"
#include "scp/association_policy.h"
#include "scp/spool_file.h"

namespace hilum::scp {

// Serves the connection until it or the coordinator's channel ends: its handshake, where there is one, and
// its A-ASSOCIATE-RQ have to be there whole within `time_to_ask`. Returns the process's exit code: 0 unless
// something of ours failed. Forked from the listener, with DCMTK's dictionary loaded. `tls`: the connection
// came to the TLS port; nullptr: to the plain one.
int run_receiver(UniqueFd connection, Duration time_to_ask, Channel coordinator, Heartbeat heartbeat,
                 const Configuration& configuration, const AssociationPolicy& policy, Spool& spool,
                 const TlsContext* tls);

// The same in a process that stays as it is: neither confined nor beating.
int serve_connection(UniqueFd connection, Duration time_to_ask, Channel coordinator,
                     const Configuration& configuration, const AssociationPolicy& policy, Spool& spool,
                     const TlsContext* tls);

}  // namespace hilum::scp
