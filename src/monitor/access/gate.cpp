#include "monitor/access/gate.h"

#include <boost/beast/core/string.hpp>

#include <utility>

#include "monitor/access/page_origin.h"
#include "monitor/access/path_rules.h"

namespace hilum::monitor {

namespace http = boost::beast::http;

namespace {

constexpr int failures_at_once = 20;
constexpr std::chrono::seconds for_another_failure{3};

std::vector<std::string> known_hosts(const HttpSettings& settings) {
    auto names = settings.hosts;
    for (auto& name : names_of_this_machine()) names.push_back(std::move(name));
    return names;
}

// A challenge (RFC 6750 3), which browsers do not ask their users about.
Response unauthorized(const std::string& code, const std::string& message) {
    auto response = error_response(http::status::unauthorized, code, message);
    response.set(http::field::www_authenticate, "Bearer realm=\"Hilum\"");
    return response;
}

Response not_audited(const std::string& code, const std::string& message) {
    auto response = error_response(http::status::service_unavailable, code, message);
    response.set(http::field::retry_after, "2");
    return response;
}

std::string_view view(boost::beast::string_view text) {
    return {text.data(), text.size()};
}

// Nothing where the field holds something else than "Bearer TOKEN".
std::optional<std::string_view> bearer_of(std::string_view field) {
    constexpr std::string_view scheme = "bearer ";
    if (field.size() <= scheme.size() ||
        !boost::beast::iequals({field.data(), scheme.size()}, {scheme.data(), scheme.size()}))
        return std::nullopt;
    field.remove_prefix(scheme.size());
    field.remove_prefix(std::min(field.find_first_not_of(' '), field.size()));
    return field;
}

// What is no query gets no studies either.
std::map<std::string, std::string> asked_for(const std::string& query) {
    const auto parameters = query_parameters(query);
    return parameters ? audited_parameters(*parameters) : std::map<std::string, std::string>();
}

HttpAccess access_to(const std::string& path, const std::string& query, const Gate::Client& client) {
    HttpAccess access;
    if (client.user)
        access.uid = client.user->uid;
    else
        access.address = client.address.text();
    access.path = audited_path(path);
    access.parameters = asked_for(query);
    return access;
}

}  // namespace

Gate::Gate(const HttpSettings& settings, AccessLedger::Tell tell)
    : settings_(settings),
      hosts_(known_hosts(settings)),
      socket_roles_(settings.socket_groups),
      ledger_(std::move(tell)),
      failures_(failures_at_once, for_another_failure) {}

Result<TokensLoaded> Gate::load(bool reload) {
    TokensLoaded loaded;
    loaded.reload = reload;
    auto tokens = AccessTokens::read(settings_.tokens);
    if (!tokens && !reload && tokens.error().retry == Retry::once_mended)
        return tl::unexpected(tokens.error());
    if (tokens)
        tokens_ = std::move(*tokens);
    else
        loaded.error = tokens.error().message;
    for (const auto& token : tokens_.all()) loaded.owners.push_back({token.name, token.role});
    return loaded;
}

std::optional<Response> Gate::refusal(const Header& request, const Client& client, MonotonicTime now) {
    // Only HTTP/1.0 may come without, which no browser speaks.
    if (request.count(http::field::host) > 0 && !hosts_.know(view(request[http::field::host])))
        return error_response(http::status::misdirected_request, "unknown_host",
                              "Host is no name of this node; http.hosts of its configuration lists those "
                              "that it is reached by");
    const auto target = view(request.target());
    const auto question_mark = target.find('?');
    const std::string path(target.substr(0, question_mark));
    const auto needed = needed_role(path);
    if (!needed) return std::nullopt;
    const std::string query(question_mark == std::string_view::npos ? "" : target.substr(question_mark + 1));
    const Question question{path, query, *needed, client, now};
    return client.user ? judge_user(question, request) : judge(question, request);
}

std::optional<Response> Gate::judge(const Question& question, const Header& request) {
    if (request.count(http::field::authorization) == 0)
        return unauthorized("no_token", tokens_.all().empty()
                                            ? "this needs a token, and http.tokens_file has none: see "
                                              "`hilum token create`"
                                            : "this needs a token: Authorization: Bearer TOKEN");
    const auto token = bearer_of(view(request[http::field::authorization]));
    if (request.count(http::field::authorization) > 1 || !token)
        return unauthorized("no_token", "there is one way to show a token: Authorization: Bearer TOKEN");
    const auto& client = question.client;
    if (!client.encrypted && !client.address.is_loopback() && !settings_.tokens_over_plain) {
        auto access = access_to(question.path, "", client);
        access.refused = "plain";
        (void)ledger_.note(std::move(access), question.now);
        return error_response(
            http::status::forbidden, "not_encrypted",
            "a token is taken over TLS alone; this one was seen by the network: replace it");
    }
    const auto* owner = tokens_.owner_of(*token);
    if (owner == nullptr) return refuse_token(question);
    if (owner->role < question.needed) return refuse_role(question, *owner);
    HttpAccess who;
    who.name = owner->name;
    who.role = enum_string(owner->role);
    return let_in(question, who);
}

// Whom the kernel names needs no token, and one that is shown all the same counts for nothing.
std::optional<Response> Gate::judge_user(const Question& question, const Header& request) {
    const auto& user = *question.client.user;
    if (is_asked_by_another_page(request)) {
        auto access = access_to(question.path, "", question.client);
        access.refused = "origin";
        (void)ledger_.note(std::move(access), question.now);
        return error_response(http::status::forbidden, "origin",
                              "a page from elsewhere asks, which must not in the name of who looks at it");
    }
    const auto role = socket_roles_.role_of(user);
    if (!role || *role < question.needed) return refuse_user(question, role);
    HttpAccess who;
    who.role = enum_string(*role);
    return let_in(question, who);
}

Response Gate::refuse_user(const Question& question, std::optional<AccessRole> role) {
    auto access = access_to(question.path, "", question.client);
    if (role) access.role = enum_string(*role);
    access.refused = "role";
    (void)ledger_.note(std::move(access), question.now);
    const auto groups = socket_roles_.who_has(question.needed);
    return error_response(
        http::status::forbidden, "role",
        fmt::format("this needs the role {}, which {}; uid {} has {}", enum_text(question.needed),
                    groups.empty() ? "no group of http.socket_groups gives" : "these groups give: " + groups,
                    question.client.user->uid, role ? enum_text(*role) : "none"));
}

// No token can be guessed, however often somebody tries; the limit keeps the trying cheap, and who shares an
// address with who tries (a proxy's) comes in all the same.
Response Gate::refuse_token(const Question& question) {
    auto access = access_to(question.path, "", question.client);
    access.refused = "token";
    (void)ledger_.note(std::move(access), question.now);
    if (failures_.take(question.client.address.subnet().text(), question.now))
        return unauthorized("unknown_token", "this token is nobody's here");
    auto response = error_response(http::status::too_many_requests, "too_many",
                                   "too many tokens that are nobody's came from this address");
    response.set(http::field::retry_after, "3");
    return response;
}

Response Gate::refuse_role(const Question& question, const AccessToken& owner) {
    auto access = access_to(question.path, "", question.client);
    access.name = owner.name;
    access.role = enum_string(owner.role);
    access.refused = "role";
    (void)ledger_.note(std::move(access), question.now);
    return error_response(http::status::forbidden, "role",
                          fmt::format("this needs the role {}, and the token of {} has {}",
                                      enum_text(question.needed), owner.name, enum_text(owner.role)));
}

// Nothing is shown that the audit trail does not hear of, and keep.
std::optional<Response> Gate::let_in(const Question& question, const HttpAccess& who) {
    if (question.needed == AccessRole::status) return std::nullopt;  // no patient data
    if (!auditing_)
        return not_audited("not_auditing",
                           "the node cannot write its audit trail now, and shows nothing that it could not "
                           "tell of; /readyz tells why");
    auto access = access_to(question.path, question.query, question.client);
    access.name = who.name;
    access.role = who.role;
    if (const auto told = ledger_.note(std::move(access), question.now); !told)
        return not_audited(told.error().code, told.error().message);
    return std::nullopt;
}

}  // namespace hilum::monitor
