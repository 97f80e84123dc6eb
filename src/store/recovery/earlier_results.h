// Results and deliveries of an earlier database, as the journal of facts tells of them (earlier_life.h),
// become rows of this one: so that what was delivered is not sent twice, and can be taken back. Called within
// a commit.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "store/database/transaction.h"

namespace hilum {

// Whether the destination of that name is asked if it keeps what it took.
using AsksForCommitment = std::function<bool(const std::string& destination)>;

// Those of the report's version and model that no row tells of, with what became of their deliveries.
void restore_earlier_results(Transaction& transaction, std::int64_t report, const AsksForCommitment& asks);

// Of all versions of the study, which need not be known yet: before they are taken back.
void restore_earlier_study(Transaction& transaction, const std::string& study_instance_uid);

// Of its withdrawals that are rows: their notes, before the journal tells of the next withdrawal.
void restore_earlier_notes(Transaction& transaction, const std::string& study_instance_uid);

// Whether the journal tells of results of the study that are no rows yet.
bool has_earlier_results(Transaction& transaction, const std::string& study_instance_uid);

// After the journal was read: the same for all results and notes of withdrawals that are rows. A note that
// came to whom it is for is not made again.
void restore_earlier_deliveries(Transaction& transaction);

// Deliveries of the report's results are what they were before: done, to be sent again, or discarded.
void settle_earlier_deliveries(Transaction& transaction, std::int64_t report, const AsksForCommitment& asks);

}  // namespace hilum
