#include "pipeline/disk_watch.h"

#include <spdlog/spdlog.h>

#include "pipeline/wake_up.h"

namespace hilum {

DiskWatch::DiskWatch(World& world, std::filesystem::path folder, std::uint64_t min_free_space)
    : world_(world),
      folder_(std::move(folder)),
      min_free_space_(min_free_space),
      timer_(world.make_timer()) {}

void DiskWatch::start(std::function<void()> on_changed) {
    on_changed_ = std::move(on_changed);
    look();
}

void DiskWatch::look() {
    const auto free_space = world_.files().free_space(folder_);
    // Where nobody can tell, each C-STORE finds out for itself.
    const bool refusing = free_space && *free_space < min_free_space_;
    if (refusing != refusing_) {
        refusing_ = refusing;
        if (refusing)
            spdlog::warn(
                "receiving is refused: {} MiB are free under node.data_dir, scp.min_free_space is {} MiB",
                *free_space >> 20, min_free_space_ >> 20);
        else
            spdlog::info("there is room under node.data_dir: receiving goes on");
        on_changed_();
    }
    wake_up_after(*timer_, between_looks, [this] { look(); });
}

}  // namespace hilum
