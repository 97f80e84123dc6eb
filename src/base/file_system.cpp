#include "base/file_system.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace hilum {

namespace {

// What the machine lacks or does not do, whatever it is asked for.
constexpr std::array of_the_node{ENOSPC, EDQUOT, EIO,    EROFS,  ENXIO,     ENODEV,  ESTALE, EREMOTEIO,
                                 EMFILE, ENFILE, ENOMEM, EAGAIN, ETIMEDOUT, ENOBUFS, ENOLCK, EBUSY};

}  // namespace

Error system_error(int error_number, std::string_view what) {
    const bool full = error_number == ENOSPC || error_number == EDQUOT;
    const bool passing = std::ranges::find(of_the_node, error_number) != of_the_node.end();
    return {full ? "disk_full" : "system", fmt::format("{}: {}", what, std::strerror(error_number)),
            passing ? Retry::once_mended : Retry::never};
}

Error unreadable(int error_number, std::string_view what) {
    auto error = system_error(error_number, what);
    error.code = "unreadable";
    return error;
}

Status write_all(int fd, std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const ssize_t n = ::write(fd, bytes.data(), bytes.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return tl::unexpected(system_error(errno, "cannot write"));
        bytes = bytes.subspan(static_cast<std::size_t>(n));
    }
    return {};
}

Status sync_directory(const std::filesystem::path& folder) {
    const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd || ::fsync(fd.get()) != 0)
        return tl::unexpected(system_error(errno, "cannot sync folder " + folder.string()));
    return {};
}

Status write_file_durably(const std::filesystem::path& file, std::span<const std::byte> bytes) {
    const auto temporary = file.string() + ".tmp";
    UniqueFd fd(::open(temporary.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0640));
    if (!fd) return tl::unexpected(system_error(errno, "cannot create " + temporary));
    auto status = write_all(fd.get(), bytes);
    if (!status) status.error().message = fmt::format("{}: {}", file.string(), status.error().message);
    if (status && ::fdatasync(fd.get()) != 0)
        status = tl::unexpected(system_error(errno, "cannot sync " + temporary));
    if (status && ::rename(temporary.c_str(), file.c_str()) != 0)
        status = tl::unexpected(system_error(errno, "cannot rename to " + file.string()));
    if (!status) {
        ::unlink(temporary.c_str());
        return status;
    }
    return sync_directory(file.parent_path());
}

Result<std::string> read_fd(int fd, std::size_t limit) {
    struct stat info {};
    if (::fstat(fd, &info) != 0) return tl::unexpected(system_error(errno, "cannot stat"));
    const auto size = static_cast<std::size_t>(info.st_size);
    if (size > limit) return fail("too_large", "{} bytes, more than the {} allowed", size, limit);
    std::string bytes(size, '\0');
    std::size_t done = 0;
    while (done < size) {
        const ssize_t n = ::pread(fd, bytes.data() + done, size - done, static_cast<off_t>(done));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return tl::unexpected(system_error(errno, "cannot read"));
        if (n == 0) return fail("truncated", "file shrank while it was read");
        done += static_cast<std::size_t>(n);
    }
    return bytes;
}

Result<std::string> read_file(const std::filesystem::path& file, std::size_t limit) {
    const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return tl::unexpected(system_error(errno, "cannot open " + file.string()));
    auto bytes = read_fd(fd.get(), limit);
    if (!bytes) bytes.error().message = file.string() + ": " + bytes.error().message;
    return bytes;
}

namespace {
constexpr int sealed_size = F_SEAL_SHRINK | F_SEAL_GROW;
}

Result<UniqueFd> make_memfd(const char* name, std::size_t size) {
    UniqueFd fd(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!fd || ::ftruncate(fd.get(), static_cast<off_t>(size)) != 0 ||
        ::fcntl(fd.get(), F_ADD_SEALS, sealed_size) != 0)
        return tl::unexpected(system_error(errno, "cannot make shared memory"));
    return fd;
}

Result<UniqueFd> make_memfd(const char* name, std::span<const std::byte> bytes) {
    auto fd = make_memfd(name, bytes.size());
    if (!fd) return fd;
    if (auto written = write_all(fd->get(), bytes); !written) return tl::unexpected(written.error());
    return fd;
}

Result<Mapping> Mapping::of_memfd(int fd, std::size_t size, bool writable) {
    struct stat info {};
    if (::fstat(fd, &info) != 0) return tl::unexpected(system_error(errno, "cannot stat shared memory"));
    if (static_cast<std::size_t>(info.st_size) != size)
        return fail("protocol", "shared memory of {} bytes where {} were announced", info.st_size, size);
    const int seals = ::fcntl(fd, F_GET_SEALS);
    if (seals < 0 || (seals & sealed_size) != sealed_size)
        return fail("protocol", "shared memory is not sealed against resizing");
    if (size == 0) return Mapping(nullptr, 0);
    void* data = ::mmap(nullptr, size, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, 0);
    if (data == MAP_FAILED) return tl::unexpected(system_error(errno, "cannot map shared memory"));
    return Mapping(data, size);
}

Mapping::~Mapping() {
    if (data_ != nullptr) ::munmap(data_, size_);
}

}  // namespace hilum
