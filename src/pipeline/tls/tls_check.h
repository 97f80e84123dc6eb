// What `hilumd --check` finds in every `tls:` block and in the file of tokens, by loading what they name.
#pragma once

#include <filesystem>

#include "base/yaml_reader.h"
#include "contract/configuration.h"

namespace hilum {

struct TlsFindings {
    ConfigurationProblems problems;  // it cannot be used
    ConfigurationProblems
        warnings;  // it can, and soon or by some it will not be; or it cannot be checked here
};

TlsFindings check_tls(const Configuration& configuration, const std::filesystem::path& file);

// The same of the file of tokens, by reading it.
TlsFindings check_tokens(const HttpSettings& http, const std::filesystem::path& file);

// Every file that a `tls:` block names, with its key, and the file of tokens; no credentials.
std::vector<std::pair<std::string, std::filesystem::path>> tls_files(const Configuration& configuration);

}  // namespace hilum
