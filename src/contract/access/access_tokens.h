// The file of tokens (http.tokens_file): who may ask over HTTP, and for what. A line each:
//     NAME ROLE SHA-256 of the token
// with # before comments. The tokens themselves are nowhere but with their owners.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/tls/tls_settings.h"
#include "contract/access/access_role.h"

namespace hilum {

struct AccessToken {
    std::string name;  // of a person or a program, as the audit trail has it
    AccessRole role = AccessRole::status;
    std::string sha256;  // of the token, 64 lower-case digits
};

class AccessTokens {
  public:
    AccessTokens() = default;  // nobody's

    // Code "tokens": names the line that is none, or repeats a name or a token.
    static Result<AccessTokens> parse(std::string_view text);
    // Codes also: those of read_secret().
    static Result<AccessTokens> read(const PemSource& source);

    // Whose it is; null: nobody's. Takes as long for one that is near a true one as for any other.
    const AccessToken* owner_of(std::string_view token) const;

    const std::vector<AccessToken>& all() const { return all_; }

  private:
    std::vector<AccessToken> all_;
};

// Letters, digits and . _ - @, at most 64.
bool is_token_name(std::string_view name);

// A new one, which nobody can guess. Only what has its form is ever taken for a token, so that no word that
// somebody made up is one.
Result<std::string> make_token();

// Its line of the file.
std::string line_of_token(std::string_view name, AccessRole role, std::string_view token);

}  // namespace hilum
