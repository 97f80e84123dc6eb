// What the node's processes have loaded for TLS, and how long it is good for: told in the log once a day when
// its end comes near, in `hilum status` and in /metrics. A reload is audited, and so is a start with what
// cannot be used.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/world.h"
#include "contract/messages/certificates.h"
#include "pipeline/events/event_keeper.h"

namespace hilum {

class CertificateWatch {
  public:
    static constexpr std::chrono::hours between_looks{24};

    CertificateWatch(World& world, EventKeeper& events);

    void note(const CertificatesLoaded& loaded);
    std::vector<CertificateStatus> certificates() const;

  private:
    void look();
    bool is_known(const CertificatesLoaded& loaded);

    World& world_;
    EventKeeper& events_;
    std::map<std::string, std::vector<CertificateStatus>> in_use_;  // by use
    std::map<std::string, std::string> refused_at_start_;           // the error, by use
    std::unique_ptr<Timer> timer_;
};

}  // namespace hilum
