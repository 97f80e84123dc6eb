// Who looks at patient data over HTTP, and who may, in the audit trail.
#pragma once

#include <optional>

#include "base/world.h"
#include "contract/messages/accessing.h"
#include "contract/messages/monitoring.h"
#include "store/database/commit_queue.h"

namespace hilum {

class AccessAudit {
  public:
    AccessAudit(World& world, CommitQueue& commits) : world_(world), commits_(commits) {}

    void note(const HttpAccess& access);
    void note(const TokensLoaded& loaded);

    // The file of tokens that was loaded last is no good.
    const std::optional<NodeTrouble>& trouble() const { return trouble_; }

  private:
    World& world_;
    CommitQueue& commits_;
    std::optional<NodeTrouble> trouble_;
};

}  // namespace hilum
