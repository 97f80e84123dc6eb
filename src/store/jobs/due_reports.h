// Opening the versions of studies' reports. Called within a commit.
#pragma once

#include "contract/configuration.h"
#include "store/database/transaction.h"

namespace hilum {

// Opens the next version of the report of each study whose time has come and
// whose images all active models are through with. A shadow model holds up
// nobody.
void open_due_reports(Transaction& transaction, const Configuration& configuration);

}  // namespace hilum
