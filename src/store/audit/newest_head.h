// A signed head of the audit trail as it is now, for a report to hold: its PACS is a witness then.
#pragma once

#include <string>

#include "base/signing/ed25519.h"
#include "store/database/transaction.h"

namespace hilum {

// As audit::line_of has it; empty where the trail is. Called within a commit: nobody may be shown it before
// that is on the disk.
std::string sign_newest(Transaction& transaction, const SigningKey& key);

}  // namespace hilum
