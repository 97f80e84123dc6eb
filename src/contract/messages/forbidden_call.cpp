#include "contract/messages/forbidden_call.h"

#include "contract/define_json.h"

namespace hilum {

HILUM_MESSAGE_MEMBERS(ForbiddenCall, number)

}  // namespace hilum
