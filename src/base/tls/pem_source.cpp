#include "base/tls/pem_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "base/file_system.h"
#include "base/unique_fd.h"

namespace hilum {
namespace {

constexpr std::size_t largest_pem = 16 << 20;  // lists of large authorities have megabytes

Result<UniqueFd> open_pem(const std::filesystem::path& file) {
    UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!fd && errno == EACCES) return fail("denied", "this user may not read {}", file.string());
    if (!fd) return tl::unexpected(unreadable(errno, "cannot open " + file.string()));
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0) return tl::unexpected(unreadable(errno, file.string()));
    if (!S_ISREG(status.st_mode)) return fail("unreadable", "{} is no file", file.string());
    return fd;
}

Result<std::string> text_of(int fd, const std::filesystem::path& file) {
    auto text = read_fd(fd, largest_pem);
    if (!text)
        text.error() = {"unreadable", fmt::format("cannot read {}: {}", file.string(), text.error().message),
                        text.error().retry};
    return text;
}

Status is_private(int fd, const std::filesystem::path& file) {
    struct stat status {};
    if (::fstat(fd, &status) != 0) return tl::unexpected(system_error(errno, file.string()));
    if ((status.st_mode & 0077) != 0)
        return fail("exposed",
                    "{} holds secrets and others than its owner may read or write it (mode {:04o}): "
                    "chmod 600 {}",
                    file.string(), status.st_mode & 07777, file.string());
    // Root, who checks a configuration, reads what is the service's.
    if (::geteuid() != 0 && status.st_uid != ::geteuid() && status.st_uid != 0)
        return fail("exposed",
                    "{} holds secrets and belongs to user {}, who could change it: chown it to the "
                    "user of the service",
                    file.string(), status.st_uid);
    return {};
}

}  // namespace

bool is_credential(const PemSource& source) {
    return source.starts_with(credential_prefix);
}

Result<std::filesystem::path> file_of(const PemSource& source) {
    if (!is_credential(source)) return std::filesystem::path(source);
    const auto name = source.substr(credential_prefix.size());
    if (name.empty() || name.find('/') != std::string::npos || name.front() == '.')
        return fail("credential", "'{}' names no credential: it is LoadCredential='s name, without a path",
                    source);
    const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
    if (folder == nullptr || *folder == '\0')
        return fail(
            "credential",
            "'{}' is a credential of systemd, and $CREDENTIALS_DIRECTORY is not set: start Hilum as a "
            "service whose unit has LoadCredential={}:FILE",
            source, name);
    return std::filesystem::path(folder) / name;
}

std::vector<PemSource> sources_of(const TlsSettings& settings) {
    std::vector<PemSource> sources{settings.certificate, settings.key, settings.authorities};
    sources.insert(sources.end(), settings.revoked.begin(), settings.revoked.end());
    return sources;
}

std::vector<std::filesystem::path> folders_of(const std::vector<PemSource>& sources) {
    std::vector<std::filesystem::path> folders;
    for (const auto& source : sources) {
        const auto file = source.empty() ? std::filesystem::path() : file_of(source).value_or("");
        std::error_code error;
        for (const auto& place :
             {std::filesystem::absolute(file, error), std::filesystem::canonical(file, error)})
            if (!file.empty() && !place.empty()) folders.push_back(place.parent_path());
    }
    return folders;
}

Result<std::string> read_pem(const PemSource& source) {
    const auto file = file_of(source);
    if (!file) return tl::unexpected(file.error());
    const auto fd = open_pem(*file);
    if (!fd) return tl::unexpected(fd.error());
    return text_of(fd->get(), *file);
}

Result<std::string> read_secret(const PemSource& source) {
    const auto file = file_of(source);
    if (!file) return tl::unexpected(file.error());
    const auto fd = open_pem(*file);
    if (!fd) return tl::unexpected(fd.error());
    if (!is_credential(source))
        if (const auto checked = is_private(fd->get(), *file); !checked)
            return tl::unexpected(checked.error());
    return text_of(fd->get(), *file);
}

}  // namespace hilum
