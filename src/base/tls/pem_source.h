// Reads what a `tls:` block names: files, and credentials of systemd.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/tls/tls_settings.h"

namespace hilum {

inline constexpr std::string_view credential_prefix = "credential:";

bool is_credential(const PemSource& source);

// The file behind it. Code "credential" where $CREDENTIALS_DIRECTORY is not set, as outside of the service,
// or the name is no plain name.
Result<std::filesystem::path> file_of(const PemSource& source);

// All that it names; some are empty.
std::vector<PemSource> sources_of(const TlsSettings& settings);

// Of each, and of what it links to: a certificate that is renewed is another file in its folder. What is
// empty or does not exist is left out.
std::vector<std::filesystem::path> folders_of(const std::vector<PemSource>& sources);

// The whole text. Codes "unreadable", "denied" (to this user), "credential".
Result<std::string> read_pem(const PemSource& source);

// The same of what nobody else may read. Code "exposed" where its group or everybody may, or where it belongs
// to another user than this process's and root; a credential is protected by systemd, and its bits show the
// mask of an access list, so they are not looked at.
Result<std::string> read_secret(const PemSource& source);

}  // namespace hilum
