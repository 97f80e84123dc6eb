#include "scp/spool_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <array>
#include <cerrno>
#include <cstdio>

#include "base/clock.h"
#include "base/digest.h"
#include "base/file_system.h"

namespace hilum::scp {
namespace {

constexpr std::size_t buffer_size = 256 * 1024;

tl::unexpected<Error> failure(const std::string& what) {
    return tl::unexpected(system_error(errno, what));
}

Status named(Status status, const std::string& file) {
    if (!status) status.error().message = fmt::format("spool/{}: {}", file, status.error().message);
    return status;
}

Result<std::string> random_name() {
    std::array<unsigned char, 16> bytes;
    if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
        return failure("cannot get random bytes");
    return hex_of(std::as_bytes(std::span(bytes)));
}

std::string temporary(const std::string& file) {
    return file + ".tmp";
}

}  // namespace

SpoolFile::SpoolFile(std::shared_ptr<UniqueFd> folder, std::string day, std::string file, UniqueFd fd)
    : folder_(std::move(folder)), day_(std::move(day)), file_(std::move(file)), fd_(std::move(fd)) {
    buffer_.reserve(buffer_size);
}

SpoolFile::~SpoolFile() {
    if (kept_ || !fd_) return;
    ::unlinkat(folder_->get(), renamed_ ? file_.c_str() : temporary(file_).c_str(), 0);
}

Status SpoolFile::write(std::span<const std::byte> bytes) {
    size_ += bytes.size();
    if (buffer_.size() + bytes.size() > buffer_size) {
        if (auto flushed = flush(); !flushed) return flushed;
    }
    if (bytes.size() >= buffer_size) return named(write_all(fd_.get(), bytes), name());
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
    return {};
}

Status SpoolFile::flush() {
    auto written = named(write_all(fd_.get(), buffer_), name());
    buffer_.clear();
    return written;
}

Status SpoolFile::make_durable() {
    if (auto flushed = flush(); !flushed) return flushed;
    if (::fdatasync(fd_.get()) != 0) return failure("cannot sync spool/" + name());
    if (::renameat(folder_->get(), temporary(file_).c_str(), folder_->get(), file_.c_str()) != 0)
        return failure("cannot rename spool/" + name());
    renamed_ = true;
    if (::fsync(folder_->get()) != 0) return failure("cannot sync spool/" + day_);
    return {};
}

Result<Spool> Spool::open(const std::filesystem::path& data_dir) {
    const auto path = data_dir / "spool";
    if (::mkdir(path.c_str(), 0750) != 0 && errno != EEXIST)
        return tl::unexpected(system_error(errno, "cannot make the folder " + path.string()));
    UniqueFd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder) return tl::unexpected(system_error(errno, "cannot open the folder " + path.string()));
    if (auto synced = sync_directory(data_dir); !synced) return tl::unexpected(synced.error());
    return Spool(std::move(folder));
}

Status Spool::check_free_space(std::uint64_t min_free_space) const {
    struct statvfs info {};
    if (::fstatvfs(folder_.get(), &info) != 0) return failure("cannot tell how much space the spool has");
    const std::uint64_t free_space = static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
    if (free_space >= min_free_space) return {};
    return fail_for_now("disk_full", "{} MiB are free for the spool; scp.min_free_space is {} MiB",
                        free_space >> 20, min_free_space >> 20);
}

// Whoever made the folder may not have synced its name yet, so it is synced here in any case.
Status Spool::open_folder_of(const std::string& day) {
    if (day_folder_ && day_ == day) return {};
    UniqueFd folder;
    // Once more where retention takes it away, for it is empty, between the two.
    for (int tries = 0; !folder && tries < 2; ++tries) {
        if (::mkdirat(folder_.get(), day.c_str(), 0750) != 0 && errno != EEXIST)
            return failure("cannot make the folder spool/" + day);
        folder = UniqueFd(::openat(folder_.get(), day.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (!folder && errno != ENOENT) break;
    }
    if (!folder) return failure("cannot open the folder spool/" + day);
    if (::fsync(folder_.get()) != 0) return failure("cannot sync the spool folder");
    day_folder_ = std::make_shared<UniqueFd>(std::move(folder));
    day_ = day;
    return {};
}

// One try: nothing where it should be tried again, because somebody removed the folder of the day, or the new
// file before it was locked.
Result<std::optional<UniqueFd>> Spool::create_locked(const std::string& file) {
    if (auto opened = open_folder_of(to_dicom_date(now())); !opened) return tl::unexpected(opened.error());
    UniqueFd fd(
        ::openat(day_folder_->get(), temporary(file).c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0640));
    if (!fd && errno == ENOENT) {
        day_folder_.reset();
        return std::nullopt;
    }
    if (!fd || ::flock(fd.get(), LOCK_EX) != 0) return failure("cannot create spool/" + day_ + "/" + file);
    struct stat info {};
    if (::fstat(fd.get(), &info) != 0) return failure("cannot create spool/" + day_ + "/" + file);
    if (info.st_nlink == 0) return std::nullopt;
    return std::optional<UniqueFd>(std::move(fd));
}

Result<SpoolFile> Spool::create() {
    constexpr int tries = 3;
    for (int i = 0; i < tries; ++i) {
        auto random = random_name();
        if (!random) return tl::unexpected(random.error());
        const std::string file = *random + ".dcm";
        auto fd = create_locked(file);
        if (!fd) return tl::unexpected(fd.error());
        if (*fd) return SpoolFile(day_folder_, day_, file, std::move(**fd));
    }
    return fail_for_now("system", "cannot create a file in the spool: it is removed again and again");
}

}  // namespace hilum::scp
