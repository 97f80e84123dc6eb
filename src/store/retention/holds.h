// What an operator keeps retention from: a study that a trial, a complaint or a court asks for. Called within
// a commit; audited under the operator's name ("study_held", "study_released"), and noted for a database that
// takes this one's place (recovery/earlier_life.h).
#pragma once

#include <string>

#include "base/error.h"
#include "store/database/transaction.h"

namespace hilum {

inline constexpr std::size_t longest_hold_reason = 256;  // bytes

// What becomes of the request, once it is on the disk.
struct HoldChange {
    bool known = false;           // there is such a study
    bool changed = false;         // it was not held (released) before
    bool removed = false;         // its files were gone already
    bool reason_changed = false;  // it was held for another reason
};
HoldChange hold_study(Transaction& transaction, const std::string& study_instance_uid,
                      const std::string& reason, const std::string& actor);
HoldChange release_study(Transaction& transaction, const std::string& study_instance_uid,
                         const std::string& reason, const std::string& actor);

}  // namespace hilum
