// What `hilumd --check` finds in every `tls:` block, in the file of tokens and in the key of the audit trail,
// by loading what they name.
#pragma once

#include <filesystem>

#include "base/yaml_reader.h"
#include "contract/configuration.h"

namespace hilum {

struct TlsFindings {
    ConfigurationProblems problems;   // it cannot be used
    ConfigurationProblems warnings;   // it can, and soon or by some it will not be
    ConfigurationProblems unchecked;  // this user may not read it: who checks may be another than the service
    ConfigurationProblems not_current;  // a start uses it, a reload does not (ReloadableTls)
};

TlsFindings check_secrets(const Configuration& configuration, const std::filesystem::path& file);

// Every file that a `tls:` block names, with its key, that of tokens and that of the audit trail's key; no
// credentials.
std::vector<std::pair<std::string, std::filesystem::path>> secret_files(const Configuration& configuration);

}  // namespace hilum
