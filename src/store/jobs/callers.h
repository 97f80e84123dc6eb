// Who sent images of a study. A destination with `from` gets what is reported of the studies of which one of
// these sent something, whoever was the first, and also where it was known already. Called within a commit.
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "contract/configuration.h"
#include "store/database/transaction.h"

namespace hilum {

// One that cannot be told (an adopted file does not say) is empty, and nobody. True: it is a new one of a
// study that was reported before, whose destinations are to be looked at (serve_new_callers).
bool note_caller(Transaction& transaction, const std::string& study_instance_uid,
                 const std::string& calling_ae);

// As the journal of facts tells it of a database that was lost (recovery/earlier_life.h).
void take_earlier_caller(Transaction& transaction, const std::string& study_instance_uid,
                         const std::string& calling_ae);

std::set<std::string> callers_of(Transaction& transaction, std::int64_t study);

// Whether the destination is for what one of these callers sent.
bool is_for_any_of(const DestinationSettings& destination, const std::set<std::string>& callers);

// Whether anything is made for it.
bool wants_results(const DestinationSettings& destination);

// Where a caller came after the report, the newest version is composed once more for the destinations that
// lack it: what others were sent is theirs, or found made. None is where retention took a file that it tells
// of. What is being composed or due comes first.
void serve_new_callers(Transaction& transaction, const Configuration& configuration);

// For whom such a report is composed once more, until it was composed to its end.
std::set<std::string> destinations_to_serve(Transaction& transaction, const Configuration& configuration,
                                            std::int64_t report);

}  // namespace hilum
