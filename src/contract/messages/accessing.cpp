#include "contract/messages/accessing.h"

#include "contract/define_json.h"

namespace hilum {

HILUM_JSON_MEMBERS(TokenOwner, name, role)
HILUM_MESSAGE_MEMBERS(HttpAccess, name, role, address, path, parameters, refused, count)
HILUM_MESSAGE_MEMBERS(TokensLoaded, owners, error, reload)

}  // namespace hilum
