#include "store/database/fact_journal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "base/digest.h"
#include "base/file_system.h"

namespace hilum {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t checksum_digits = 16;

std::string checksum(std::string_view text) {
    return sha256_hex(text).substr(0, checksum_digits);
}

// Without what it tells no database is rebuilt, so that whatever is in the way of it is to be mended first.
Error waiting_error(int error_number, const std::string& what) {
    auto error = system_error(error_number, what);
    error.retry = Retry::once_mended;
    return error;
}

// By their numbers.
Result<std::map<std::uint64_t, fs::path>> files_of(const fs::path& folder) {
    std::map<std::uint64_t, fs::path> files;
    std::error_code error;
    for (fs::directory_iterator entry(folder, error); !error && entry != fs::directory_iterator();
         entry.increment(error)) {
        const auto name = entry->path().stem().string();
        const bool numbered = !name.empty() && name.size() < 19 &&
                              std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; });
        if (numbered && entry->path().extension() == ".facts") files[std::stoull(name)] = entry->path();
    }
    if (error && error != std::errc::no_such_file_or_directory)
        return tl::unexpected(waiting_error(error.value(), "cannot list " + folder.string()));
    return files;
}

fs::path file_of(const fs::path& folder, std::uint64_t number) {
    return folder / fmt::format("{:08}.facts", number);
}

Result<UniqueFd> open_file(const fs::path& file) {
    UniqueFd fd(::open(file.c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0640));
    if (!fd) return tl::unexpected(waiting_error(errno, "cannot open " + file.string()));
    return fd;
}

}  // namespace

Result<FactJournal> FactJournal::open(const fs::path& folder) {
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) return tl::unexpected(waiting_error(error.value(), "cannot make " + folder.string()));
    const auto files = files_of(folder);
    if (!files) return tl::unexpected(files.error());
    const std::uint64_t number = files->empty() ? 1 : files->rbegin()->first;
    auto file = open_file(file_of(folder, number));
    if (!file) return tl::unexpected(file.error());
    if (auto synced = sync_directory(folder); !synced) return tl::unexpected(synced.error());
    if (auto synced = sync_directory(folder.parent_path()); !synced) return tl::unexpected(synced.error());
    struct stat info {};
    if (::fstat(file->get(), &info) != 0)
        return tl::unexpected(system_error(errno, "cannot look at " + folder.string()));
    return FactJournal(folder, std::move(*file), number, static_cast<std::uint64_t>(info.st_size));
}

Status FactJournal::append(const std::vector<std::string>& lines, bool durably) {
    if (size_ >= largest_file)
        if (auto begun = begin_next_file(); !begun) return begun;
    std::string text = torn_ ? "\n" : "";
    for (const auto& line : lines) text += line;
    if (auto written = write_all(file_.get(), std::as_bytes(std::span(text))); !written) {
        // A full disk takes a part of it, and what is appended once there is room would be of the same line.
        torn_ = ::ftruncate(file_.get(), static_cast<off_t>(size_)) != 0 || torn_;
        return written;
    }
    torn_ = false;
    size_ += text.size();
    if (durably && ::fdatasync(file_.get()) != 0)
        return tl::unexpected(system_error(errno, "cannot sync the journal of facts"));
    return {};
}

Status FactJournal::begin_next_file() {
    if (::fdatasync(file_.get()) != 0)
        return tl::unexpected(system_error(errno, "cannot sync the journal of facts"));
    auto next = open_file(file_of(folder_, number_ + 1));
    if (!next) return tl::unexpected(next.error());
    if (auto synced = sync_directory(folder_); !synced) return synced;
    file_ = std::move(*next);
    ++number_;
    size_ = 0;
    torn_ = false;
    auto files = files_of(folder_);
    std::error_code ignored;  // it is tried again with the next file
    for (; files && files->size() > most_files; files->erase(files->begin()))
        fs::remove(files->begin()->second, ignored);
    return {};
}

std::string FactJournal::line_of(const nlohmann::json& fact) {
    const auto text = fact.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    return checksum(text) + " " + text + "\n";
}

Result<std::uint64_t> read_facts(const fs::path& folder,
                                 const std::function<void(const nlohmann::json&)>& each) {
    std::uint64_t unreadable = 0;
    const auto files = files_of(folder);
    if (!files) return tl::unexpected(files.error());
    for (const auto& [number, path] : *files) {
        std::ifstream file(path, std::ios::binary);
        if (!file) return tl::unexpected(waiting_error(errno, "cannot open " + path.string()));
        for (std::string line; std::getline(file, line);) {
            if (line.empty()) continue;
            const bool whole = line.size() > checksum_digits + 1 &&
                               line.substr(0, checksum_digits) ==
                                   checksum(std::string_view(line).substr(checksum_digits + 1));
            const auto fact = whole ? nlohmann::json::parse(line.substr(checksum_digits + 1), nullptr, false)
                                    : nlohmann::json(nlohmann::json::value_t::discarded);
            if (fact.is_object())
                each(fact);
            else
                ++unreadable;
        }
        if (file.bad()) return tl::unexpected(waiting_error(errno, "cannot read " + path.string()));
    }
    return unreadable;
}

}  // namespace hilum
