#include "store/data_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "base/file_system.h"

namespace hilum {

Result<UniqueFd> prepare_data_directory(const DataDirectory& directory) {
    for (const auto& folder :
         {directory.root, directory.spool(), directory.analyses(), directory.results()}) {
        std::error_code error;
        std::filesystem::create_directories(folder, error);
        const bool usable = !error && ::access(folder.c_str(), W_OK | X_OK) == 0;
        const auto trouble =
            system_error(error ? error.value() : errno, "node.data_dir: cannot write to " + folder.string());
        if (!usable && trouble.retry == Retry::once_mended) return tl::unexpected(trouble);
        if (!usable)
            return fail(
                "unwritable",
                "node.data_dir: cannot write to {}: {}; create it and give it to the user that runs hilumd",
                folder.string(), error ? error.message() : std::strerror(errno));
    }
    std::error_code error;
    std::filesystem::permissions(directory.root, std::filesystem::perms::others_all,
                                 std::filesystem::perm_options::remove, error);
    if (error)
        return fail(
            "unwritable",
            "node.data_dir: cannot keep other users out of {}: {}; give it to the user that runs hilumd",
            directory.root.string(), error.message());
    UniqueFd lock(::open(directory.lock().c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0640));
    if (!lock) return tl::unexpected(system_error(errno, "cannot open " + directory.lock().string()));
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0)
        return fail("in_use",
                    "another hilumd runs on {}; stop it, or give this one a node.data_dir of its own",
                    directory.root.string());
    if (auto synced = sync_directory(directory.root); !synced) return tl::unexpected(synced.error());
    return lock;
}

// proc(5), /proc/locks: "1: FLOCK  ADVISORY  WRITE 4711 fd:01:393220 0 EOF".
bool is_held(const DataDirectory& directory) {
    struct stat info {};
    if (::stat(directory.lock().c_str(), &info) != 0) return false;
    const auto file = fmt::format("{:02x}:{:02x}:{}", major(info.st_dev), minor(info.st_dev), info.st_ino);
    std::ifstream locks("/proc/locks");
    for (std::string line; std::getline(locks, line);) {
        std::istringstream words(line);
        std::string number, kind, advisory, access, process, locked;
        words >> number >> kind >> advisory >> access >> process >> locked;
        if (kind == "FLOCK" && access == "WRITE" && locked == file) return true;
    }
    return false;
}

Status demand_database(const DataDirectory& directory) {
    const auto file = directory.database();
    std::error_code error;
    if (std::filesystem::exists(file, error)) return {};
    if (error && error != std::errc::no_such_file_or_directory)
        return fail("database", "cannot look for {}: {}", file.string(), error.message());
    return fail("database", "there is no {}: hilumd has not run here yet", file.string());
}

Result<bool> take_clean_end(const DataDirectory& directory) {
    if (::unlink(directory.clean_end().c_str()) != 0) {
        if (errno == ENOENT) return false;
        return tl::unexpected(system_error(errno, "cannot remove " + directory.clean_end().string()));
    }
    if (auto synced = sync_directory(directory.root); !synced) return tl::unexpected(synced.error());
    return true;
}

Status keep_clean_end(const DataDirectory& directory) {
    return write_file_durably(directory.clean_end(), {});
}

Result<std::uint64_t> free_space(const DataDirectory& directory) {
    struct statvfs info {};
    if (::statvfs(directory.root.c_str(), &info) != 0)
        return tl::unexpected(
            system_error(errno, "cannot tell how much space is free in " + directory.root.string()));
    return static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
}

}  // namespace hilum
