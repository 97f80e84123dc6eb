// Which patient data operators look at by the control socket, in the audit trail: by the rule that those who
// look over HTTP have (contract/access/access_ledger.h).
#pragma once

#include <memory>
#include <string>

#include "base/world.h"
#include "contract/access/access_ledger.h"
#include "contract/messages/control.h"
#include "pipeline/events/event_keeper.h"

namespace hilum {

class OperatorAudit {
  public:
    OperatorAudit(World& world, EventKeeper& events);

    // A reading verb, which is answered next.
    void note(const ControlRequest& request, const std::string& actor);

    void tell_all() { ledger_.tell_all(); }  // at the end

  private:
    Status tell(const HttpAccess& access);
    void tell_later();

    World& world_;
    EventKeeper& events_;
    AccessLedger ledger_;
    std::unique_ptr<Timer> timer_;  // while something may be counted
    bool waiting_ = false;
};

}  // namespace hilum
