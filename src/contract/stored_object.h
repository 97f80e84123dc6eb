// What is known of an object in the spool since it was received, so that whoever reads its file can tell
// whether that is still it.
#pragma once

#include <string>

#include "base/error.h"
#include "contract/declare_json.h"

namespace hilum {

struct StoredObject {
    std::string transfer_syntax_uid;
    std::string
        dataset_sha256;  // of the data set, without the file meta information; empty: nothing is known
};

HILUM_JSON(StoredObject)

// Error code of an object whose file is not what was received.
inline constexpr const char* object_damaged = "object_damaged";

// `how`: "its file is gone".
inline tl::unexpected<Error> object_is_damaged(const char* how) {
    return fail(object_damaged,
                "the stored object is damaged: {}; have the PACS send it again, and look after the disk",
                how);
}

}  // namespace hilum
