// The folders of certificates, keys, lists and tokens as they were when the node began: those, not others
// that take their place, are what its confined processes may read.
#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "base/yaml_reader.h"
#include "contract/configuration.h"

namespace hilum {

class SecretFolders {
  public:
    // Before the processes are started that read them. `configuration` outlives it; `file` is its own.
    SecretFolders(const Configuration& configuration, std::filesystem::path file);

    // What lies in another folder by now: a reload does not take it.
    ConfigurationProblems moved() const;

  private:
    using Identity = std::pair<dev_t, ino_t>;
    static Identity identity_of(const std::filesystem::path& folder);
    static bool lies_in(const std::filesystem::path& secret, const std::set<Identity>& folders);

    const Configuration& configuration_;
    const std::filesystem::path file_;
    std::map<std::string, std::set<Identity>> folders_;  // by the key that names the file
};

}  // namespace hilum
