#include "pipeline/spool_sweep.h"

#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include "pipeline/database.h"

namespace hilum {
namespace {

bool older(const std::filesystem::path& file, Timestamp before) {
    struct stat info {};
    if (::lstat(file.c_str(), &info) != 0) return false;
    return static_cast<std::int64_t>(info.st_mtim.tv_sec) * 1'000'000 + info.st_mtim.tv_nsec / 1000 <
           to_microseconds(before);
}

}  // namespace

int sweep_spool(const DataDirectory& directory, Timestamp before) {
    auto database = Database::open(directory.database(), Database::Access::read_only);
    if (!database) {
        spdlog::error("cannot sweep the spool: {}", database.error().message);
        return 0;
    }
    int deleted = 0;
    try {
        for (const auto& entry : std::filesystem::recursive_directory_iterator(directory.spool())) {
            if (!entry.is_regular_file() || !older(entry.path(), before)) continue;
            const auto name = entry.path().lexically_relative(directory.spool()).string();
            if (database->number("SELECT 1 FROM instance WHERE file = ?", name)) continue;
            std::error_code error;
            if (std::filesystem::remove(entry.path(), error))
                ++deleted;
            else
                spdlog::warn("cannot delete {} in the spool: {}", name, error.message());
        }
    } catch (const std::filesystem::filesystem_error& error) {
        spdlog::warn("cannot sweep the spool: {}", error.code().message());
    } catch (const SQLite::Exception& error) {
        spdlog::warn("cannot sweep the spool: {}", error.what());
    }
    if (deleted > 0)
        spdlog::info("deleted {} unacknowledged objects that an earlier end left in the spool", deleted);
    return deleted;
}

}  // namespace hilum
