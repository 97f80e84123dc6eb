// What /metrics shows of the database as it is now.
#pragma once

#include <chrono>
#include <vector>

#include "store/database/transaction.h"
#include "store/overview/overview.h"

namespace hilum {

// A report whose time came so long ago and that nobody has taken up is overdue: few are ever ahead of it
// (backlog.h).
inline constexpr std::chrono::minutes overdue_after{30};

// jobs{kind, state}, with 0 for states that no job is in; waiting_jobs{kind} and
// oldest_waiting_seconds{kind}; waiting_deliveries{destination}, oldest_waiting_delivery_seconds{destination}
// and uncommitted_results{destination}, of destinations with a delivery only; oldest_waiting_job_seconds,
// overdue_jobs{kind}, damaged_objects, stored_bytes, stored_instances, kept_bytes{kind}, kept_files{kind},
// retention_budget_bytes (where there is one), retention_over_budget, held_studies;
// audit_syslog_waiting{server}, audit_syslog_oldest_waiting_seconds{server} and, once something was sent,
// audit_syslog_seconds_since_sent{server}.
std::vector<CounterValue> read_gauges(Transaction& transaction);

}  // namespace hilum
