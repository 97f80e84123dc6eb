#include "base/confinement/replaced_places.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/unique_fd.h"

namespace hilum {
namespace {

struct FileIdentity {
    dev_t device = 0;
    ino_t number = 0;  // 0: it is not there
    bool operator==(const FileIdentity&) const = default;
};

struct NotedFile {
    Place place;
    std::filesystem::path path;
    FileIdentity file;
};

std::vector<NotedFile>& noted_files() {
    static std::vector<NotedFile> all;
    return all;
}

// Landlock lets it be looked at.
FileIdentity identity_of(const std::filesystem::path& path) {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) return {};
    return {info.st_dev, info.st_ino};
}

// access(2) does not ask Landlock.
bool is_out_of_reach(const std::filesystem::path& path) {
    if (::access(path.c_str(), R_OK) != 0) return false;
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    return !fd && errno == EACCES;
}

}  // namespace

void note_places(const RoleRules& role, const Places& places) {
    noted_files().clear();
    for (const auto& rule : role.places)
        for (const auto& file : files_at(rule, places))
            noted_files().push_back({rule.place, file.path, identity_of(file.path)});
}

Status check_place(Place place) {
    const auto replaced = std::ranges::find_if(noted_files(), [place](const NotedFile& noted) {
        return noted.place == place && identity_of(noted.path) != noted.file && is_out_of_reach(noted.path);
    });
    if (replaced == noted_files().end()) return {};
    return tl::unexpected(
        Error{"replaced",
              fmt::format("{} was replaced since this process was confined to the one before: it ends, to be "
                          "started anew",
                          replaced->path.string()),
              Retry::once_mended});
}

}  // namespace hilum
