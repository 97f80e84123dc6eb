// http with the coordinator: who looks at patient data, and who may. All of it is for the audit trail, which
// http cannot write.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "contract/access/access_role.h"
#include "contract/messages/packet.h"

namespace hilum {

// http -> coordinator, before the answer goes out: somebody is shown patient data, or is not. What the same
// one asks for again within a short time is told together, later.
struct HttpAccess {
    static constexpr const char* type = "http_access";
    std::string name;       // of the token; empty: none that is known
    std::int64_t uid = -1;  // of who came by http.socket; -1: nobody did
    std::string role;       // of the token, or of the user's groups
    std::string address;    // of the client, or of a proxy before it
    std::string path;       // without its parameters; "other": none that there is; empty: several
    std::map<std::string, std::string> parameters;  // which studies are asked for
    std::string refused;  // why nothing is shown: token | role | plain | origin; empty: it is
    std::int64_t count = 1;

    std::string parameter(const std::string& parameter_name) const {  // empty: it was not asked for
        const auto found = parameters.find(parameter_name);
        return found == parameters.end() ? "" : found->second;
    }
};

// http -> coordinator, at most once a second for each address and reason: TLS handshakes that failed.
struct HttpTlsFailed {
    static constexpr const char* type = "http_tls_failed";
    std::string address;  // empty: several
    std::string code;     // one of tls_failures (base/tls/tls_failure.h)
    std::string detail;   // in words
    std::int64_t count = 1;
};

struct TokenOwner {
    std::string name;
    AccessRole role = AccessRole::status;
};

// http -> coordinator, at its start and after each ReloadCertificates, where there is a file of tokens.
struct TokensLoaded {
    static constexpr const char* type = "tokens_loaded";
    std::vector<TokenOwner> owners;  // who has one now
    std::string error;  // what was loaded is no good, and why; what was in use before stays. Empty: none
    bool reload = false;
};

HILUM_JSON(TokenOwner)
HILUM_MESSAGE(HttpAccess)
HILUM_MESSAGE(HttpTlsFailed)
HILUM_MESSAGE(TokensLoaded)

}  // namespace hilum
