#include "simulation/world/disk.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/file_system.h"
#include "simulation/world/full_disk_vfs.h"
#include "simulation/world/simulated_world.h"

namespace hilum::simulation {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t room = 100ULL << 30;

void put(const fs::path& file, std::span<const std::byte> bytes) {
    UniqueFd fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640));
    if (fd) (void)write_all(fd.get(), bytes);
}

}  // namespace

fs::path temporary_of(const fs::path& file) {
    return file.string() + ".tmp";
}

void leave_write(const fs::path& file, std::span<const std::byte> bytes, WriteState state) {
    put(temporary_of(file), bytes);
    if (state >= WriteState::renamed) fs::rename(temporary_of(file), file);
}

void cut_power(const fs::path& file, WriteState state, Random& random) {
    std::error_code gone;
    const auto temporary = temporary_of(file);
    if (state == WriteState::written && random.chance(0.5)) {
        const auto size = fs::file_size(temporary, gone);
        if (!gone) fs::resize_file(temporary, size / 2, gone);  // torn
    } else if (state <= WriteState::synced && random.chance(0.5)) {
        fs::remove(temporary, gone);  // its name was in a folder that was not synced
    } else if (state == WriteState::renamed && random.chance(0.5)) {
        fs::rename(file, temporary, gone);
    }
}

Disk::~Disk() {
    set_full(false);
    set_failing(Failing::nothing);
}

void Disk::set_full(bool full) {
    full_ = full;
    FullDiskVfs::set_full(full);
}

void Disk::set_failing(Failing what) {
    failing_ = what;
    FullDiskVfs::set_failing(what == Failing::writes, what == Failing::syncs);
}

Error Disk::illness() const {
    return system_error(full_ ? ENOSPC : EIO, "simulated");
}

Result<UniqueFd> Disk::open(const fs::path& file) {
    UniqueFd fd(::open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    if (fd) return fd;
    const int error = errno;
    if (error == ENOENT) return fail("not_found", "there is no {}", file.string());
    return tl::unexpected(system_error(error, "cannot open " + file.string()));
}

Status Disk::write_durably(const fs::path& file, std::span<const std::byte> bytes) {
    if (ill()) {
        put(temporary_of(file), bytes.first(bytes.size() / 3));
        std::error_code ignored;
        fs::remove(temporary_of(file), ignored);
        return tl::unexpected(illness());
    }
    if (doom_) {
        const auto [state, death] = *doom_;
        // An older file of this name is not what a torn write would leave.
        if (!fs::exists(file) || state < WriteState::renamed) {
            doom_.reset();
            leave_write(file, bytes, state);
            if (death == Death::power_cut) cut_power(file, state, random_);
            throw ProcessDied{};
        }
    }
    leave_write(file, bytes, WriteState::folder_synced);
    return {};
}

Status Disk::rename_durably(const fs::path& from, const fs::path& to) {
    std::error_code error;
    fs::rename(from, to, error);
    if (error) return tl::unexpected(system_error(error.value(), "cannot rename " + from.string()));
    return {};
}

Status Disk::remove_durably(const fs::path& file) {
    std::error_code error;
    fs::remove(file, error);
    if (error) return tl::unexpected(system_error(error.value(), "cannot remove " + file.string()));
    return {};
}

Result<std::uint64_t> Disk::size(const fs::path& file) {
    std::error_code error;
    const auto bytes = fs::file_size(file, error);
    if (error == std::errc::no_such_file_or_directory)
        return fail("not_found", "there is no {}", file.string());
    if (error) return tl::unexpected(system_error(error.value(), "cannot look at " + file.string()));
    return bytes;
}

Result<std::uint64_t> Disk::free_space(const fs::path&) {
    return full_ ? 0 : room;
}

}  // namespace hilum::simulation
