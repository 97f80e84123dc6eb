#include "pipeline/tls/secret_folders.h"

#include "base/confinement/file_rules.h"
#include "base/tls/pem_source.h"
#include "pipeline/tls/tls_check.h"

namespace hilum {

SecretFolders::SecretFolders(const Configuration& configuration, std::filesystem::path file)
    : configuration_(configuration), file_(std::move(file)) {
    if (landlock_version() == 0) return;  // whoever may read them follows them
    for (const auto& [key, secret] : secret_files(configuration)) {
        if (key == "audit.sign.key") continue;  // the coordinator's own
        auto& folders = folders_[key];
        for (const auto& folder : folders_of({secret.string()})) folders.insert(identity_of(folder));
        for (const auto& rule : files_at({Place::certificates}, {})) folders.insert(identity_of(rule.path));
    }
}

ConfigurationProblems SecretFolders::moved() const {
    ConfigurationProblems problems;
    for (const auto& [key, secret] : secret_files(configuration_)) {
        const auto known = folders_.find(key);
        std::error_code absent;
        const auto lies = std::filesystem::canonical(secret, absent);
        if (known == folders_.end() || absent || lies_in(lies, known->second)) continue;
        problems.push_back({file_.string(), 0, key,
                            fmt::format("{} lies in another folder than at the start, which the process that "
                                        "uses it was not given; what was loaded before stays in use: "
                                        "systemctl restart hilum",
                                        secret.string())});
    }
    return problems;
}

// Some numbers of what is not there: no folder's.
SecretFolders::Identity SecretFolders::identity_of(const std::filesystem::path& folder) {
    struct stat info {};
    if (::stat(folder.c_str(), &info) != 0) return {};
    return {info.st_dev, info.st_ino};
}

bool SecretFolders::lies_in(const std::filesystem::path& secret, const std::set<Identity>& folders) {
    for (auto folder = secret.parent_path();; folder = folder.parent_path()) {
        const auto identity = identity_of(folder);
        if (identity != Identity{} && folders.contains(identity)) return true;
        if (folder == folder.parent_path()) return false;
    }
}

}  // namespace hilum
