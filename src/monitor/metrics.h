// The text of /metrics (Prometheus exposition format 0.0.4).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "contract/messages/monitoring.h"
#include "store/overview/overview.h"

namespace hilum::monitor {

// Of the database.
struct StoredMetrics {
    std::vector<CounterValue> counters{}, gauges{};
};

// A counter "instances_received" becomes hilum_instances_received_total; one in microseconds is shown in
// seconds; what observe() kept becomes a histogram;
// a gauge "stored_bytes" becomes hilum_stored_bytes. The node's own state is added as gauges. Without
// `stored`, where the database cannot be read, these are all: what alarms of that is among them.
std::string metrics_text(const std::optional<StoredMetrics>& stored, const NodeStatus& status);

}  // namespace hilum::monitor
