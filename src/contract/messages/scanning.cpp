#include "contract/messages/scanning.h"

#include "contract/define_json.h"

namespace hilum {

HILUM_MESSAGE_MEMBERS(ScanRequest, file)
HILUM_MESSAGE_MEMBERS(ScanReply, object, data_set, error)

}  // namespace hilum
