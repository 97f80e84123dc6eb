// The lanes to all syslog servers of the configuration (audit.syslog), and what signs the heads of the trail
// that they get.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/world.h"
#include "contract/configuration.h"
#include "pipeline/children/child_programs.h"
#include "pipeline/lanes/syslog_lane.h"
#include "store/audit/audit_witness.h"

namespace hilum {

class AuditServers {
  public:
    AuditServers(World& world, CommitQueue& commits, const AuditSettings& settings, Happenings& happenings);

    // Its heads go into the log and to the servers; nothing where the site signs none. It must not outlive
    // this.
    std::optional<AuditWitness> witness(World& world, const NodeOptions& options);

    void configure(Transaction& transaction) const;  // at the start, before any of the trail is removed
    void start(const ChildPrograms& programs);
    void reload_certificates();
    void drain();
    void stop();
    bool any_child_running() const;
    void tell(NodeStatus& status) const;  // of the servers, and of the processes once they are started

  private:
    std::vector<std::string> names_;
    std::deque<SyslogLane> lanes_;
};

}  // namespace hilum
