// What a running node tells of itself to `hilum status`.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/clock.h"
#include "contract/messages/monitoring.h"

namespace hilum {

struct LiveStatus {
    std::string ae_title;
    Timestamp started_at;
    int http_port = 0;
    bool refusing = false;     // for want of disk
    std::size_t adopting = 0;  // objects of the spool that wait to be adopted
};

nlohmann::json live_status_json(const LiveStatus& live, const NodeStatus& status);

}  // namespace hilum
