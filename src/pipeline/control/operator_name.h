// Who asks, over the control socket or by http.socket, as the audit trail names them.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/local/unix_socket.h"

namespace hilum {

// Where people are looked up; another one for tests.
struct UserSources {
    std::string passwd = "/etc/passwd";
    std::string processes = "/proc";
};

// "uid 1000 (alice)". The name is that of /etc/passwd, none for users of a directory service, which could
// keep the node waiting.
std::string user_text(uid_t uid, const UserSources& sources = {});

// As whom somebody logged in before they became the user that the process runs as, by sudo or su: the
// kernel's word (proc(5), loginuid). None: nobody did (a service, a timer), or the kernel does not show this
// process to us (ProtectProc= of the unit), or it is another one by now.
std::optional<uid_t> login_of(const UnixPeer& peer, const UserSources& sources = {});

// "operator uid 1000 (alice)", "operator uid 0 (root), logged in as uid 1000 (alice)": the kernel's word.
// Where it knows no login, what the client adds is told as its claim: "operator uid 0 (root), who says: alice
// (uid 1000) by sudo". `claim` is cut to a line of at most 200 bytes.
std::string operator_name(uid_t uid, std::optional<uid_t> login, const std::string& claim,
                          const UserSources& sources = {});

}  // namespace hilum
