// The trace that an object leaves which was not taken on receipt (answered A7xx, A900, Cxxx or 01xx), until
// it is taken. On the commit thread, in the transaction of what it tells.
#pragma once

#include <string>

#include "contract/messages/receiving.h"
#include "store/database/transaction.h"

namespace hilum {

// The newest ones are kept: a peer that sends garbage for ever pushes out its own first.
inline constexpr int most_refused_of_a_peer = 1000, most_refused = 10'000;

// Keeps a "store_failed" event: once for the same object refused for the same reason, with a count. Its
// UIDs are the command's and the data set's, which may be why it was refused.
void keep_refused_instance(Transaction& transaction, const ReceiverEvent& event);

// The object was taken after all, by one of these UIDs.
void forget_refused_instance(Transaction& transaction, const std::string& sop_instance_uid);

}  // namespace hilum
