#include "training/run_folder.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <span>

#include "base/file_system.h"
#include "evaluation/dataset/csv.h"
#include "training/package/curves.h"
#include "training/trained_epochs.h"

namespace hilum::training {
namespace {

Status write_text(const std::filesystem::path& file, const std::string& text) {
    return write_file_durably(file, std::as_bytes(std::span(text)));
}

}  // namespace

Result<RunFolder> RunFolder::open(const std::filesystem::path& package) {
    const auto named = (package.has_filename() ? package : package.parent_path()).lexically_normal();
    auto folder = std::filesystem::path(named.string() + ".run");
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) return fail("unwritable", "cannot make the folder {}: {}", folder.string(), error.message());
    UniqueFd lock(::open((folder / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640));
    if (!lock)
        return fail("unwritable", "{}", system_error(errno, "cannot write in " + folder.string()).message);
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0)
        return fail("busy", "another hilum-train is at work in {}: wait for it, or name another --output",
                    folder.string());
    return RunFolder(std::move(folder), std::move(lock));
}

Status RunFolder::write_unread(const std::vector<UnreadImage>& unread) const {
    std::string text = dataset::csv_line({"file", "reason", "words"});
    for (const auto& image : unread)
        text += dataset::csv_line({image.file.string(), image.reason, image.words});
    return write_text(path_ / "unreadable.csv", text);
}

Status RunFolder::write_history(const std::vector<EpochFigures>& history) const {
    if (auto written = write_text(path_ / "history.csv", history_csv(history)); !written) return written;
    return write_text(path_ / "curves.svg", curves_svg(trained_epochs(history)));
}

}  // namespace hilum::training
