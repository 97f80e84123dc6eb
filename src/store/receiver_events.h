// What becomes of the events that receivers tell: counters, the audit trail, the trace of refused objects.
#pragma once

#include "contract/messages/accessing.h"
#include "contract/messages/receiving.h"
#include "store/database/transaction.h"

namespace hilum {

// Whether the event says that an association is over: `code` is then one of association_ends.
bool ends_association(const ReceiverEvent& event);

// Whether something went wrong, which belongs into the audit trail.
bool is_failure(const ReceiverEvent& event);

// On the commit thread. `audited`: it goes into the audit trail, with the number of those of the same peer
// that were left out before it (see EventLimiter).
void record_receiver_event(Transaction& transaction, const ReceiverEvent& event, bool audited,
                           std::int64_t left_out);

// The same for an association that was asked for and not given, and for connections without one.
void record_rejection(Transaction& transaction, const AssociationRequested& request,
                      AssociationOutcome outcome, bool audited, std::int64_t left_out);
void record_closed_connections(Transaction& transaction, const ConnectionsClosed& closed, bool audited,
                               std::int64_t left_out);

// The same for handshakes with the http process.
void record_http_tls_failure(Transaction& transaction, const HttpTlsFailed& failed, bool audited,
                             std::int64_t left_out);

// A user of the machine who may not use the control socket.
void record_turned_away(Transaction& transaction, const std::string& user, std::int64_t left_out);

// `count` events of a sort, "ADDRESS: REASON", are not in the audit trail. An empty sort: of many.
void record_left_out(Transaction& transaction, const std::string& sort, std::int64_t count);

}  // namespace hilum
