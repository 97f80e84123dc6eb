// Who looks at patient data over HTTP, and who may, in the audit trail.
#pragma once

#include <optional>

#include "base/world.h"
#include "contract/messages/accessing.h"
#include "contract/messages/monitoring.h"
#include "pipeline/events/event_keeper.h"
#include "pipeline/receiving/strangers.h"

namespace hilum {

class AccessAudit {
  public:
    AccessAudit(World& world, EventKeeper& events)
        : world_(world), events_(events), strangers_(world, events) {}

    void note(const HttpAccess& access);
    void note(const TokensLoaded& loaded);
    void note(const HttpTlsFailed& failed) { strangers_.failed(failed); }
    void tell_left_out() { strangers_.tell_left_out(); }

    // The file of tokens that was loaded last is no good.
    const std::optional<NodeTrouble>& trouble() const { return trouble_; }

  private:
    World& world_;
    EventKeeper& events_;
    Strangers strangers_;  // with limits apart from those of the DICOM port: neither takes the other's room
    std::optional<NodeTrouble> trouble_;
};

}  // namespace hilum
