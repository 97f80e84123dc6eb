// The rows of what is long gone, some of them at a time. Called within a commit.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/units.h"
#include "contract/retention_settings.h"
#include "store/database/transaction.h"

namespace hilum {

// Studies whose files went longer than `remember` ago are forgotten: no row of them is left, and what is sent
// again is new. Audited ("studies_forgotten", how many). No number that people know is given twice: a study
// with the newest of some row stays until there is a newer one. How many.
int forget_studies(Transaction& transaction, Duration remember);

// Requests for commitment that were answered, or whose results are gone, and what earlier starts found in the
// spool, likewise. How many rows.
int forget_records(Transaction& transaction, Duration remember);

// Refusals on receipt older than `keep_failed`. How many.
int forget_refusals(Transaction& transaction, Duration keep_failed);

// Names within the spool of what was set aside there longer than `keep_failed` ago: they are noted for
// removal and audited, each. How many.
int remove_set_aside(Transaction& transaction, Duration keep_failed);

// Gives some pages that hold nothing back to the file system. False: there are none.
bool give_back_pages(Transaction& transaction);

}  // namespace hilum
