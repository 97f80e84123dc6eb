// Of one study's rows, what more than one commit asks or does.
#pragma once

#include <cstdint>
#include <string>

#include "store/database/transaction.h"

namespace hilum {

std::string study_instance_uid_of(Transaction& transaction, std::int64_t study);  // empty: there is no such

// There is a row of it from now on, though no object of it is known; of that age.
void know_study(Transaction& transaction, const std::string& study_instance_uid, std::int64_t since);

// Its reports that are not made yet are not to be made, whoever is at work on one. `why` is told with each.
void discard_unmade_reports(Transaction& transaction, std::int64_t study, const std::string& why);

}  // namespace hilum
