// Of a model that is a shadow nothing leaves the node, also not what it made while it was active. Called
// within a commit.
#pragma once

#include <string>
#include <vector>

#include "contract/configuration.h"
#include "store/database/transaction.h"

namespace hilum {

// Keys of the models that run, and that no report is made of.
std::vector<std::string> shadow_models(const Configuration& configuration);

// SQL: that the row `report` is of results, and of one of `models`, a parameter with a JSON array of keys.
// What takes results back is for everybody who has them.
#define HILUM_OF_SHADOW(models) \
    " (report.kind = 'results' AND report.model IN (SELECT value FROM json_each(" models "))) "

// At a start: the shadows of the configuration are shadows now, and one that left it remains one, also for
// who looks at the database without a configuration (store/overview). What waits of them is discarded, but
// for withdrawals. What was tried may be with its destination already, and comes to its end.
void take_up_shadows(Transaction& transaction, const Configuration& configuration);

}  // namespace hilum
