// Deadlines in the database are times of the wall clock, which people and NTP set. Here they are moved with
// it, so that what was to wait ten more minutes waits ten more minutes, whatever the clock says. Each
// function runs within a commit; `at` is the wall clock's time.
#pragma once

#include "base/clock.h"
#include "base/units.h"
#include "contract/configuration.h"
#include "store/database/transaction.h"

namespace hilum {

// The clock was set by `step` while the node ran: moves everything that waits, and tells of it in log, audit
// trail and metrics. Called by the commit queue before the first work that sees the new time, so that what is
// stored is all of the old time.
void clock_was_set(Transaction& transaction, const Configuration& configuration, Duration step);

// At start, before anything else is stored. Where the clock is behind the time at which the node last ran, it
// was set back, and deadlines go with it. Where it is ahead, nobody knows whether the node was away for so
// long or the clock is wrong: what is due is due, but the time away does not count towards give_up_after.
void take_up_deadlines(Transaction& transaction, const Configuration& configuration);

// The node ran at this time. Called every minute, and when the node ends.
void keep_time_seen(Transaction& transaction);

}  // namespace hilum
