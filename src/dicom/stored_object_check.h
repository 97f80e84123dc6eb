// Whether a file of the spool is what was received, before anything in it is taken for the patient's.
#pragma once

#include "contract/stored_object.h"

namespace hilum {

// Of an open file, whose position stays where it was. Codes: object_damaged; "unreadable" where the file
// system failed, which may pass.
Status check_stored_object(int fd, const StoredObject& object);

}  // namespace hilum
