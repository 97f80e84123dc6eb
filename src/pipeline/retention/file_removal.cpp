#include "pipeline/retention/file_removal.h"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <utility>

#include "base/logging.h"
#include "pipeline/spool_survey.h"

namespace hilum {
namespace {

constexpr std::chrono::hours surely_yesterday(36);  // or earlier, also on a day of 25 hours

// rmdir(2) takes no folder that holds something.
void remove_empty_days_before(const std::filesystem::path& spool, const std::string& day) {
    std::vector<std::filesystem::path> folders;
    std::error_code error;
    std::filesystem::directory_iterator entry(spool, error);
    for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
        const auto name = entry->path().filename().string();
        if (is_day(name) && name < day) folders.push_back(entry->path());
    }
    for (const auto& folder : folders) ::rmdir(folder.c_str());
}

}  // namespace

// A new row has a greater number than all that are there: behind the last that failed is what came since.
Task<void> FileRemoval::unlink() {
    const bool all = world_.monotonic() >= next_of_failed_;
    auto failed = all ? Failed() : failed_;
    for (auto after = failed.last;;) {
        const auto ask = [after](Transaction& transaction) { return files_to_remove(transaction, after); };
        const auto files = co_await committed(commits_, ask);
        if (!files) co_return;
        if (files->empty()) break;
        after = files->back().row;
        const auto tried = co_await try_all(*files);
        if (tried.failed.files > 0) {
            if (failed.files == 0) failed.first = tried.failed.first;
            failed.files += tried.failed.files;
            failed.last = tried.failed.last;
        }
        if (tried.gone.empty()) continue;
        const auto write = [gone = tried.gone](Transaction& transaction) {
            forget_removed_files(transaction, gone);
        };
        const auto kept = co_await committed(commits_, write);
        if (!kept) co_return;
    }
    if (all && failed.files > 0) next_of_failed_ = world_.monotonic() + until_tried_again;
    note(std::move(failed));
}

Task<FileRemoval::Tried> FileRemoval::try_all(std::vector<StoredFile> files) {
    Arrival<Tried> arrival;
    files_.post([&world = world_, files = std::move(files), directory = directory_, bring = arrival.bring()] {
        Tried tried;
        for (const auto& file : files) {
            const auto removed = world.files().remove_durably(path_of(directory, file));
            if (removed) {
                tried.gone.push_back(file.row);
                continue;
            }
            if (tried.failed.files++ == 0)
                tried.failed.first = {path_of(directory, file).parent_path(), removed.error().message};
            tried.failed.last = file.row;
        }
        world.post([tried = std::move(tried), bring] { bring(tried); });
    });
    co_return co_await arrival;
}

// Told when it is another than before, not each time that it is tried. The name of a result's file is its SOP
// Instance UID: the log alone has names, for /readyz shows this to anybody.
void FileRemoval::note(Failed failed) {
    const auto before = std::exchange(failed_, std::move(failed));
    if (failed_.files == 0) {
        if (!std::exchange(trouble_, std::nullopt)) return;
        spdlog::info("retention: the files that could not be removed are gone");
        return on_changed_();
    }
    auto message = fmt::format(
        "{} of the files that are to go cannot be removed, and take room; the first is in {}, and the log "
        "says why. Give the folder to the user that runs hilumd, or look after the disk",
        failed_.files, loggable(failed_.first.folder.string()));
    if (trouble_ && trouble_->message == message && before.first.why == failed_.first.why) return;
    spdlog::error("retention: {}: {}", message, loggable(failed_.first.why));
    auto since = trouble_ ? trouble_->since : to_iso8601(world_.now());
    trouble_ = NodeTrouble{"retention", std::move(message), std::move(since)};
    on_changed_();
}

void FileRemoval::remove_empty_days() {
    files_.post([spool = directory_.spool(), day = to_dicom_date(world_.now() - surely_yesterday)] {
        remove_empty_days_before(spool, day);
    });
}

}  // namespace hilum
