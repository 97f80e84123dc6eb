// The sender process of a destination that takes HL7 messages.
#pragma once

#include "base/channel.h"
#include "contract/configuration.h"

namespace hilum::delivery {

// Serves DeliverRequests and EchoRequests (does it take a connection?) until the coordinator closes its
// channel, which is the error that is returned.
Error serve_hl7_destination(Channel& coordinator, const DestinationSettings& destination);

}  // namespace hilum::delivery
