// What the node lacks now, as its status tells it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/clock.h"
#include "contract/messages/monitoring.h"
#include "pipeline/control/access_audit.h"
#include "pipeline/disk_watch.h"
#include "pipeline/events/event_keeper.h"
#include "pipeline/lanes/retention_lane.h"
#include "pipeline/reception.h"
#include "pipeline/spool_adoption.h"
#include "store/database/commit_queue.h"

namespace hilum {

// Why every C-STORE is answered A700 though the port is open; empty where none is.
inline std::string why_refusing(const Reception& reception, const CommitQueue& commits,
                                const DiskWatch& disk) {
    if (!reception.receiving()) return "";
    if (commits.trouble()) return "database";
    return disk.refusing() ? "disk" : "";
}

inline std::vector<NodeTrouble> troubles_of(const Reception& reception, const CommitQueue& commits,
                                            const EventKeeper& events, const AccessAudit& access,
                                            const SpoolAdoption& adoption, const RetentionLane& retention) {
    std::vector<NodeTrouble> all;
    if (const auto& trouble = commits.trouble())
        all.push_back({"database", trouble->message, to_iso8601(commits.trouble_since())});
    if (const auto& trouble = events.trouble()) all.push_back(*trouble);
    if (const auto& trouble = reception.trouble()) all.push_back(*trouble);
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
