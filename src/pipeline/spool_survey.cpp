#include "pipeline/spool_survey.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/file_system.h"
#include "base/logging.h"
#include "store/data_history.h"
#include "store/database/database.h"
#include "store/spool_records.h"

namespace hilum {
namespace {

namespace fs = std::filesystem;

class Survey {
  public:
    Survey(const DataDirectory& directory, Database& database, const std::stop_token& stop)
        : directory_(directory), database_(database), stop_(stop) {}

    Result<SpoolSurvey> run() {
        const auto reconciled = database_.transact(now(), is_reconciled);
        if (!reconciled)
            return fail_for_now("database", "cannot look through the spool: {}", reconciled.error().message);
        survey_.reconciled = *reconciled;
        folders_.push_back(directory_.spool());
        while (!folders_.empty()) {
            const auto folder = std::move(folders_.back());
            folders_.pop_back();
            if (auto looked = look_into(folder); !looked) return tl::unexpected(looked.error());
        }
        std::ranges::sort(survey_.unknown, {}, [](const UnknownObject& object) {
            return std::pair(object.written_at, object.file);
        });
        return std::move(survey_);
    }

  private:
    Status look_into(const fs::path& folder) {
        std::error_code error;
        fs::directory_iterator entry(folder, error);
        for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
            if (stop_.stop_requested())
                return fail_for_now("stopped", "the spool was not looked through to its end");
            std::error_code gone;
            const auto kind = entry->symlink_status(gone).type();
            if (gone && gone != std::errc::no_such_file_or_directory)
                note_unopened(entry->path(), gone.message());
            if (kind == fs::file_type::directory && entry->path() != directory_.set_aside())
                folders_.push_back(entry->path());
            if (kind != fs::file_type::regular) continue;
            if (auto looked = look_at(entry->path()); !looked)
                return fail_for_now("database", "cannot look through the spool: {}", looked.error().message);
        }
        if (!error) return {};
        if (folder == directory_.spool())
            return fail_for_now("system", "cannot look through {}: {}", folder.string(), error.message());
        return pass_over(folder, error);
    }

    // One folder that cannot be listed keeps no other from being looked through. That of a file system's own
    // (lost+found) is none of ours.
    Status pass_over(const fs::path& folder, const std::error_code& error) {
        if (folder.filename() == "lost+found")
            ++survey_.foreign;
        else if (error != std::errc::no_such_file_or_directory)
            note_unopened(folder, error.message());
        return {};
    }

    void note_unopened(const fs::path& path, const std::string& why) {
        spdlog::warn("cannot open {}: {}", loggable(path.string()), why);
        const auto folder = folder_told(path.lexically_relative(directory_.spool()));
        survey_.why_unopened =
            fmt::format("what lies in {} cannot be opened: {}; the log has its name", folder, why);
        ++survey_.unopened;
    }

    Status look_at(const fs::path& path) {
        const auto name = path.lexically_relative(directory_.spool()).string();
        const auto kind = path.extension();
        if (kind == ".tmp") remove_unfinished(path, name);
        if (kind != ".tmp" && kind != ".dcm") ++survey_.foreign;
        if (kind != ".dcm") return {};
        // Asked after the lock: who held it may just have committed.
        const auto file = unheld(path);
        if (!file) return {};
        const auto known = database_.transact(
            now(), [&](Transaction& transaction) { return is_file_of_instance(transaction, name); });
        if (!known) return tl::unexpected(known.error());
        if (*known) return {};
        struct stat info {};
        if (::fstat(file.get(), &info) != 0 || info.st_nlink == 0) return {};
        survey_.unknown.push_back({name, from_microseconds(std::int64_t{info.st_mtim.tv_sec} * 1'000'000 +
                                                           info.st_mtim.tv_nsec / 1000)});
        return {};
    }

    // Open and locked; nothing where a receiver has it, or it is gone or cannot be opened.
    UniqueFd unheld(const fs::path& path) {
        UniqueFd file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
        if (file && ::flock(file.get(), LOCK_EX | LOCK_NB) == 0) return file;
        if (errno != ENOENT && errno != EWOULDBLOCK) note_unopened(path, std::strerror(errno));
        return {};
    }

    void remove_unfinished(const fs::path& path, const std::string& name) {
        const auto file = unheld(path);
        if (!file) return;
        if (::unlink(path.c_str()) == 0)
            ++survey_.unfinished;
        else if (errno != ENOENT)
            spdlog::warn("cannot remove {} in the spool: {}", name, std::strerror(errno));
    }

    const DataDirectory& directory_;
    Database& database_;
    const std::stop_token& stop_;
    SpoolSurvey survey_;
    std::vector<fs::path> folders_;  // that are still to be looked into
};

}  // namespace

bool is_day(const std::string& folder) {
    constexpr std::size_t digits = 8;
    return folder.size() == digits &&
           std::ranges::all_of(folder, [](char c) { return c >= '0' && c <= '9'; });
}

std::string folder_told(const fs::path& within_spool) {
    const auto first = within_spool.empty() ? std::string() : within_spool.begin()->string();
    return is_day(first) ? "spool/" + first : "spool";
}

Result<SpoolSurvey> survey_spool(const DataDirectory& directory, const std::stop_token& stop) {
    auto database = Database::open(directory.database(), Database::Access::read_only);
    if (!database) return tl::unexpected(database.error());
    return Survey(directory, *database, stop).run();
}

bool same_end(Files& files, const fs::path& one, const fs::path& other, std::uint64_t bytes,
              const std::stop_token& stop) {
    const auto first = files.open(one), second = files.open(other);
    struct stat first_info {
    }, second_info{};
    if (!first || !second || ::fstat(first->get(), &first_info) != 0 ||
        ::fstat(second->get(), &second_info) != 0)
        return false;
    const auto begin = [bytes](const struct stat& info) { return info.st_size - static_cast<off_t>(bytes); };
    if (begin(first_info) < 0 || begin(second_info) < 0) return false;
    constexpr std::size_t step = 256 * 1024;
    std::string mine(step, '\0'), theirs(step, '\0');
    for (std::uint64_t at = 0; at < bytes;) {
        if (stop.stop_requested()) return false;
        const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(step, bytes - at));
        const auto offset = static_cast<off_t>(at);
        const auto n = ::pread(first->get(), mine.data(), wanted, begin(first_info) + offset);
        if (n <= 0 || ::pread(second->get(), theirs.data(), static_cast<std::size_t>(n),
                              begin(second_info) + offset) != n)
            return false;
        if (std::memcmp(mine.data(), theirs.data(), static_cast<std::size_t>(n)) != 0) return false;
        at += static_cast<std::uint64_t>(n);
    }
    return true;
}

Status set_aside(Files& files, const DataDirectory& directory, const std::string& file) {
    const auto from = directory.spool() / file, to = directory.set_aside() / from.filename();
    if (::mkdir(directory.set_aside().c_str(), 0750) != 0 && errno != EEXIST)
        return tl::unexpected(system_error(errno, "cannot make the folder spool/set-aside"));
    // One that was set aside before under this name stays; nobody else puts any there.
    if (const auto there = files.size(to); there || there.error().code != "not_found")
        return fail("system", "cannot set {} aside: {} is there already", file, to.string());
    if (auto moved = files.rename_durably(from, to); !moved) return moved;
    return sync_directory(directory.spool());  // the folder may be new
}

Status remove_duplicate(Files& files, const DataDirectory& directory, const std::string& file) {
    return files.remove_durably(directory.spool() / file);
}

}  // namespace hilum
