// hilum token create: somebody's key to what the node shows over HTTP.
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/command_line.h"
#include "cli/output.h"
#include "contract/access/access_tokens.h"

namespace hilum::cli {
namespace {

struct TokenOptions {
    std::string name, role;
};

int create_token(const Context& context, const TokenOptions& options) {
    const auto token = make_token();
    if (!token) return context.failed(token.error());
    const auto line = line_of_token(options.name, *enum_from<AccessRole>(options.role), *token);
    if (context.json) {
        print_json(context.out,
                   {{"name", options.name}, {"role", options.role}, {"token", *token}, {"line", line}});
        return exit_ok;
    }
    context.out << fmt::format(
        "token  {}\n"
        "line   {}\n\n"
        "Give the token to {}: it is shown this once. Put the line into the file that http.tokens_file\n"
        "names (mode 0600, of the service's user), then: systemctl reload hilum\n",
        *token, line, options.name);
    return exit_ok;
}

std::string name_problem(const std::string& name) {
    return is_token_name(name) ? "" : "is no name: letters, digits and . _ - @, at most 64";
}

}  // namespace

void add_token_verbs(const Verb& app) {
    const auto token = app.verb("token", "who may ask the node over HTTP");
    auto options = std::make_shared<TokenOptions>();
    const auto create = token.verb("create", "makes a token, and the line of http.tokens_file that knows it");
    create.option("NAME", options->name, "of the person or program, as the audit trail will have it")
        .required()
        .checked("NAME", name_problem);
    create
        .option("--role", options->role, "what it may: status, read (patient data) or act (predictions too)")
        .required()
        .one_of({"status", "read", "act"});
    create.does([options](const Context& context) { return create_token(context, *options); });
}

}  // namespace hilum::cli
