// What the node lacks now, as its status tells it.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "contract/messages/monitoring.h"
#include "pipeline/control/access_audit.h"
#include "pipeline/control/commit_watch.h"
#include "pipeline/disk_watch.h"
#include "pipeline/events/event_keeper.h"
#include "pipeline/lanes/retention_lane.h"
#include "pipeline/reception.h"
#include "pipeline/spool_adoption.h"
#include "store/database/commit_queue.h"

namespace hilum {

// Why the database takes nothing.
inline std::optional<NodeTrouble> trouble_of(const CommitQueue& commits, const CommitWatch& watch) {
    if (const auto& trouble = commits.trouble())
        return NodeTrouble{"database", trouble->message, to_iso8601(commits.trouble_since())};
    return watch.trouble();
}

// Why every C-STORE is answered A700, or not at all, or no further connection is let in, though the port is
// open; empty where none of it is so.
inline std::string why_refusing(const Reception& reception, const std::optional<NodeTrouble>& of_database,
                                const DiskWatch& disk) {
    if (!reception.receiving()) return "";
    if (of_database) return "database";
    if (disk.refusing()) return "disk";
    if (reception.lack_of_receivers()) return "processes";
    return reception.cannot_store() ? "files" : "";
}

inline std::vector<NodeTrouble> troubles_of(const Reception& reception,
                                            const std::optional<NodeTrouble>& of_database,
                                            const EventKeeper& events, const AccessAudit& access,
                                            const SpoolAdoption& adoption, const RetentionLane& retention) {
    std::vector<NodeTrouble> all;
    if (of_database) all.push_back(*of_database);
    if (const auto& trouble = events.trouble()) all.push_back(*trouble);
    if (const auto& trouble = reception.trouble()) all.push_back(*trouble);
    if (const auto& trouble = reception.lack_of_receivers()) all.push_back(*trouble);
    if (const auto& trouble = access.trouble()) all.push_back(*trouble);
    if (const auto& trouble = adoption.trouble()) all.push_back(*trouble);
    if (const auto& trouble = retention.trouble()) all.push_back(*trouble);
    return all;
}

// `receiving` as operators see it: true, false, or the reason.
inline nlohmann::json receiving_words(const NodeStatus& status) {
    if (status.refusing.empty()) return status.receiving;
    return "refusing: " + status.refusing;
}

}  // namespace hilum
