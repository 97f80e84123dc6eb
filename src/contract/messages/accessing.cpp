#include "contract/messages/accessing.h"

#include "contract/define_json.h"

namespace hilum {

HILUM_JSON_MEMBERS(TokenOwner, name, role)
HILUM_MESSAGE_MEMBERS(HttpAccess, name, uid, role, address, path, parameters, refused, count)
HILUM_MESSAGE_MEMBERS(HttpTlsFailed, address, code, detail, count)
HILUM_MESSAGE_MEMBERS(TokensLoaded, owners, error, reload)

}  // namespace hilum
