#include "cli/input_files.h"

#include <algorithm>

namespace hilum::cli {
namespace {

namespace fs = std::filesystem;

Status add_folder(std::vector<InputFile>& files, const fs::path& folder) {
    std::error_code error;
    std::vector<fs::path> found;
    for (fs::recursive_directory_iterator entry(folder, error), end; !error && entry != end;
         entry.increment(error)) {
        std::error_code gone;
        if (entry->is_regular_file(gone)) found.push_back(entry->path());
    }
    if (error) return fail("unreadable", "cannot read the folder {}: {}", folder.string(), error.message());
    std::sort(found.begin(), found.end());
    for (auto& file : found) files.push_back({std::move(file), false});
    return {};
}

}  // namespace

Result<std::vector<InputFile>> collect_files(const std::vector<fs::path>& paths) {
    std::vector<InputFile> files;
    for (const auto& path : paths) {
        std::error_code error;
        const auto status = fs::status(path, error);
        if (!fs::exists(status)) return fail("unreadable", "there is no file {}", path.string());
        if (!fs::is_directory(status))
            files.push_back({path, true});
        else if (auto added = add_folder(files, path); !added)
            return tl::unexpected(added.error());
    }
    return files;
}

}  // namespace hilum::cli
