#include "base/output/output_folder.h"

#include <fmt/format.h>
#include <unistd.h>

#include <span>
#include <system_error>
#include <utility>

#include "base/file_system.h"

namespace hilum {

namespace fs = std::filesystem;

Status OutputFolder::is_free(const fs::path& place) {
    std::error_code error;
    if (!fs::exists(place, error)) return {};
    return fail("exists", "{} is there already: name a new folder, or remove it", place.string());
}

Result<OutputFolder> OutputFolder::begin(const fs::path& place) {
    std::error_code error;
    const auto named = (place.has_filename() ? place : place.parent_path()).lexically_normal();
    if (auto status = is_free(named); !status) return tl::unexpected(status.error());
    const auto folder = fs::path(fmt::format("{}.part-{}", named.string(), ::getpid()));
    fs::create_directories(folder, error);
    if (error) return fail("unwritable", "cannot make the folder {}: {}", folder.string(), error.message());
    return OutputFolder(named, folder);
}

OutputFolder::OutputFolder(OutputFolder&& other) noexcept
    : place_(std::move(other.place_)), folder_(std::exchange(other.folder_, {})) {}

OutputFolder::~OutputFolder() {
    std::error_code ignored;
    if (!folder_.empty()) fs::remove_all(folder_, ignored);
}

Status OutputFolder::write(const std::string& name, const std::string& text) {
    return write_file_durably(folder_ / name, std::as_bytes(std::span(text)));
}

Status OutputFolder::finish() {
    std::error_code error;
    fs::rename(folder_, place_, error);
    if (error)
        return fail("unwritable", "cannot rename {} to {}: {}", folder_.string(), place_.string(),
                    error.message());
    folder_.clear();
    return sync_directory(place_.has_parent_path() ? place_.parent_path() : fs::path("."));
}

}  // namespace hilum
