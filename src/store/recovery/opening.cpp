#include "store/recovery/opening.h"

#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>

#include "base/file_system.h"
#include "store/audit/audit_event.h"
#include "store/jobs/damaged_rows.h"

namespace hilum {
namespace {

namespace fs = std::filesystem;

fs::path beside(const fs::path& database, const char* suffix) {
    auto file = database;
    file += suffix;
    return file;
}

Status move_file(const fs::path& from, const fs::path& to) {
    std::error_code error;
    fs::rename(from, to, error);
    if (error && error != std::errc::no_such_file_or_directory)
        return tl::unexpected(
            system_error(error.value(), fmt::format("cannot move {} to {}", from.string(), to.string())));
    return {};
}

// 2026-11-28T22:15:43Z becomes 20261128T221543Z.
std::string time_in_name(Timestamp now) {
    std::string text = to_iso8601(now);
    std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
    return text.substr(0, text.find('.'));
}

fs::path salvaged_file(const DataDirectory& directory) {
    return beside(directory.database(), ".salvaged");
}

// It counts only in the place of a database that was moved away for it.
Status remove_salvaged(const DataDirectory& directory) {
    for (const char* suffix : {"-wal", "-shm", "-journal", ""}) {
        const auto file = beside(salvaged_file(directory), suffix);
        std::error_code error;
        fs::remove(file, error);
        if (error) return tl::unexpected(system_error(error.value(), "cannot remove " + file.string()));
    }
    return {};
}

// A start that was cut off when the damaged file was moved away, and the sound copy not yet in its place; or
// before that, when the copy may be none.
Status finish_salvage(const DataDirectory& directory) {
    std::error_code error;
    const bool is_there = fs::exists(directory.database(), error);
    const bool is_cut_off = !error && !is_there && fs::exists(salvaged_file(directory), error);
    if (error)
        return tl::unexpected(system_error(error.value(), "cannot look into " + directory.root.string()));
    if (is_there) return remove_salvaged(directory);
    if (!is_cut_off) return {};
    return move_file(salvaged_file(directory), directory.database());
}

// Moves the database away, under a name with the date, which it returns.
Result<std::string> move_aside(const DataDirectory& directory, const char* why, Timestamp now) {
    const auto base =
        fmt::format("{}.{}-{}", directory.database().filename().string(), why, time_in_name(now));
    auto name = base;
    std::error_code ignored;
    for (int i = 2; fs::exists(directory.root / name, ignored); ++i) name = fmt::format("{}-{}", base, i);
    // The file itself last: as long as it is there, the next start does this again.
    for (const char* suffix : {"-wal", "-journal", "-shm", ""})
        if (auto moved =
                move_file(beside(directory.database(), suffix), beside(directory.root / name, suffix));
            !moved)
            return tl::unexpected(moved.error());
    if (auto synced = sync_directory(directory.root); !synced) return tl::unexpected(synced.error());
    return name;
}

void tell_mended(Transaction& transaction, const OpenedDatabase& opened) {
    audit::AuditEvent event;
    event.type = "database_mended";
    event.outcome = "failure";
    event.actor = "hilum";
    event.detail = {{"problems", opened.problems}, {"set_aside", opened.set_aside}};
    transaction.append_audit(event);
    transaction.count("database_mended");
}

Status keep_mended(OpenedDatabase& opened, Timestamp now) {
    auto kept = opened.database.transact(now, [&](Transaction& transaction) {
        tell_mended(transaction, opened);
        queue_lost_jobs(transaction);
    });
    if (!kept) return tl::unexpected(kept.error());
    return {};
}

// What the tables hold, in a sound copy that this version can work with.
Status make_salvaged(const DataDirectory& directory) {
    if (auto removed = remove_salvaged(directory); !removed) return removed;
    if (auto salvaged = salvage(directory.database(), salvaged_file(directory)); !salvaged) return salvaged;
    auto sound = Database::open(salvaged_file(directory), Database::Access::read_write, DatabaseCheck::whole);
    if (!sound) return tl::unexpected(sound.error());
    return {};
}

Result<OpenedDatabase> open_salvaged(const DataDirectory& directory, const std::string& why, Timestamp now) {
    if (auto made = make_salvaged(directory); !made) {
        if (auto removed = remove_salvaged(directory); !removed) spdlog::warn("{}", removed.error().message);
        return tl::unexpected(made.error());
    }
    auto name = move_aside(directory, "damaged", now);
    if (!name) return tl::unexpected(name.error());
    if (auto moved = move_file(salvaged_file(directory), directory.database()); !moved)
        return tl::unexpected(moved.error());
    if (auto synced = sync_directory(directory.root); !synced) return tl::unexpected(synced.error());
    auto database = Database::open(directory.database(), Database::Access::read_write);
    if (!database) return tl::unexpected(database.error());
    return OpenedDatabase{std::move(*database), {why}, std::move(*name), false};
}

Result<OpenedDatabase> open_new(const DataDirectory& directory, const std::string& why, Timestamp now) {
    auto name = set_aside_database(directory, "damaged", now);
    if (!name) return tl::unexpected(name.error());
    auto database = Database::open(directory.database(), Database::Access::read_write);
    if (!database) return tl::unexpected(database.error());
    return OpenedDatabase{std::move(*database), {why}, std::move(*name), true};
}

Result<OpenedDatabase> open_damaged(const DataDirectory& directory, const Error& damage, Timestamp now) {
    spdlog::critical("{}", damage.message);
    auto salvaged = open_salvaged(directory, damage.message, now);
    if (salvaged) {
        spdlog::warn("what its tables hold was copied to a new database; the damaged one is kept as {}",
                     salvaged->set_aside);
        return salvaged;
    }
    if (salvaged.error().code != "database_damaged") return salvaged;
    spdlog::critical("its tables are damaged, too: {}", salvaged.error().message);
    auto made = open_new(directory, damage.message, now);
    if (made)
        spdlog::warn(
            "a new database is made from the spool, the results and the journal of facts; the "
            "damaged one is kept as {}",
            made->set_aside);
    return made;
}

}  // namespace

Result<std::string> set_aside_database(const DataDirectory& directory, const char* why, Timestamp now) {
    if (auto removed = remove_salvaged(directory); !removed) return tl::unexpected(removed.error());
    return move_aside(directory, why, now);
}

Result<OpenedDatabase> open_database(const DataDirectory& directory, bool ended_in_order, Timestamp now) {
    if (auto finished = finish_salvage(directory); !finished) return tl::unexpected(finished.error());
    const auto open = [&] {
        return Database::open(directory.database(), Database::Access::read_write,
                              ended_in_order ? DatabaseCheck::quick : DatabaseCheck::whole);
    };
    auto database = open();
    // To SQLite a read that fails in some places is damage. What is damaged is so twice.
    if (!database && database.error().code == "database_damaged") database = open();
    if (!database && database.error().code != "database_damaged") return tl::unexpected(database.error());
    auto opened = database ? Result<OpenedDatabase>(OpenedDatabase{std::move(*database), {}, "", false})
                           : open_damaged(directory, database.error(), now);
    if (!opened) return opened;
    const auto& mended = opened->database.mended();
    opened->problems.insert(opened->problems.end(), mended.begin(), mended.end());
    if (!opened->problems.empty() && !opened->rebuilt)
        if (auto kept = keep_mended(*opened, now); !kept) return tl::unexpected(kept.error());
    if (auto kept = opened->database.keep_facts(directory.facts()); !kept)
        return tl::unexpected(kept.error());
    return opened;
}

}  // namespace hilum
