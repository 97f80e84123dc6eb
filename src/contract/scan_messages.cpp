#include "contract/scan_messages.h"

namespace hilum {

HILUM_JSON_MEMBERS(ScanRequest, file)
HILUM_JSON_MEMBERS(ScanReply, object, data_set, error_code, error)

}  // namespace hilum
