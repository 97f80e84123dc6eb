#include "pipeline/lanes/audit_servers.h"

#include <algorithm>

#include "store/audit/audit_forwarding.h"
#include "store/audit/signed_head.h"

namespace hilum {

AuditServers::AuditServers(World& world, CommitQueue& commits, const AuditSettings& settings,
                           Happenings& happenings) {
    for (const auto& server : settings.syslog) {
        names_.push_back(server.name);
        lanes_.emplace_back(world, commits, server, happenings);
    }
}

std::optional<AuditWitness> AuditServers::witness(World& world, const NodeOptions& options) {
    if (!options.audit_key) return std::nullopt;
    return AuditWitness(world, *options.audit_key, options.configuration.audit.signing.every,
                        [this, &world](const audit::SignedHead& head) {
                            for (auto& lane : lanes_)
                                lane.signed_head({AuditRecordKind::head, head.event,
                                                  to_microseconds(world.now()), audit::line_of(head), ""});
                        });
}

void AuditServers::configure(Transaction& transaction) const {
    configure_audit_servers(transaction, names_);
}

void AuditServers::start(const ChildPrograms& programs) {
    for (std::size_t i = 0; i < lanes_.size(); ++i) lanes_[i].start(programs.child("syslog", names_[i]));
}

void AuditServers::reload_certificates() {
    for (auto& lane : lanes_) lane.reload_certificates();
}

void AuditServers::drain() {
    for (auto& lane : lanes_) lane.drain();
}

void AuditServers::stop() {
    for (auto& lane : lanes_) lane.stop();
}

bool AuditServers::any_child_running() const {
    return std::ranges::any_of(lanes_, [](const SyslogLane& lane) { return lane.sender().running(); });
}

void AuditServers::tell(NodeStatus& status) const {
    for (const auto& lane : lanes_) {
        status.audit_servers.push_back(lane.status());
        if (lane.sender().started()) status.children.push_back(lane.sender().process().status());
    }
}

}  // namespace hilum
