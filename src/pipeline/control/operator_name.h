// Who asks over the control socket, as the audit trail names them.
#pragma once

#include <sys/types.h>

#include <string>

namespace hilum {

// "operator uid 1000 (alice)". The uid is the kernel's word. Its name is that of /etc/passwd, none for users
// of a directory service, which could keep the node waiting. What the client adds is told as its claim:
// "operator uid 0 (root), who says: alice (uid 1000) by sudo". `claim` is cut to a line of at most 200 bytes.
std::string operator_name(uid_t uid, const std::string& claim, const char* passwd_file = "/etc/passwd");

}  // namespace hilum
