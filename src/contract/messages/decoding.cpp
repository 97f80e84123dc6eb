#include "contract/messages/decoding.h"

#include "contract/define_json.h"

namespace hilum {

HILUM_JSON_MEMBERS(StoredObject, transfer_syntax_uid, dataset_sha256)
HILUM_MESSAGE_MEMBERS(DecodeRequest, job, package, package_sha256, display_long_side, golden, frame, stored,
                      any_use)
HILUM_MESSAGE_MEMBERS(DecodeReply, job, prepared, shape, geometry, display, attributes, frames, not_analysed,
                      notes, error)

}  // namespace hilum
