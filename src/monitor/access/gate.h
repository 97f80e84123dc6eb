// Who gets an answer: looks at the header of a request before anything is done for it.
#pragma once

#include <optional>
#include <string>

#include "base/ip_network.h"
#include "base/limits/rate_limiter.h"
#include "contract/access/access_ledger.h"
#include "contract/access/access_tokens.h"
#include "contract/configuration.h"
#include "contract/messages/accessing.h"
#include "monitor/access/host_names.h"
#include "monitor/access/socket_roles.h"
#include "monitor/api.h"

namespace hilum::monitor {

class Gate {
  public:
    using Header = boost::beast::http::request_header<boost::beast::http::fields>;
    struct Client {
        IpAddress address;
        bool encrypted = false;
        std::optional<UnixPeer> user = {};  // who came by http.socket
    };

    // `tell` gets what the audit trail is to have. Looks up the groups of http.socket_groups, which takes
    // files that a confined process does not open.
    Gate(const HttpSettings& settings, AccessLedger::Tell tell);

    // Reads the file of tokens. What is no good replaces nothing; at first nobody has a token. An error where
    // it cannot be read at first for a reason that may pass: nobody would have one for good.
    Result<TokensLoaded> load(bool reload);
    bool has_tokens_file() const { return !settings_.tokens.empty(); }

    // The answer to who may not have what it asks for. None: it may, and the audit trail was told.
    std::optional<Response> refusal(const Header& request, const Client& client, MonotonicTime now);

    // Whether the audit trail can be written, as the coordinator says. Until it has said so nothing is shown.
    void set_auditing(bool auditing) { auditing_ = auditing; }

    void tell_counted(MonotonicTime now) { ledger_.tell_counted(now); }
    void tell_all() { ledger_.tell_all(); }  // at the end

  private:
    struct Question {
        std::string path, query;
        AccessRole needed;
        const Client& client;
        MonotonicTime now;
    };
    std::optional<Response> judge(const Question& question, const Header& request);
    std::optional<Response> judge_user(const Question& question, const Header& request);
    Response refuse_user(const Question& question, std::optional<AccessRole> role);
    Response refuse_token(const Question& question);
    Response refuse_role(const Question& question, const AccessToken& owner);
    std::optional<Response> let_in(const Question& question, const HttpAccess& who);

    const HttpSettings settings_;
    HostNames hosts_;
    AccessTokens tokens_;
    SocketRoles socket_roles_;
    AccessLedger ledger_;
    bool auditing_ = false;
    RateLimiter failures_;  // with tokens that are nobody's, by address
};

}  // namespace hilum::monitor
