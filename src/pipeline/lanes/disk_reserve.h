// What of scp.min_free_space a lane leaves to others: without room the database can keep no delivery, so that
// nothing that is finished could go, and a disk that is full would stay full for ever.
#pragma once

#include <spdlog/spdlog.h>

#include <filesystem>
#include <string>

#include "base/world.h"

namespace hilum {

class DiskReserve {
  public:
    // `bytes` under `folder` stay free; `who` is for the log.
    DiskReserve(World& world, std::filesystem::path folder, std::uint64_t bytes, std::string who)
        : world_(world), folder_(std::move(folder)), bytes_(bytes), who_(std::move(who)) {}

    // How long to wait until looking again; 0: there is room, or nobody can tell.
    Duration left() {
        const auto free = world_.files().free_space(folder_);
        const bool lacks = free && *free < bytes_;
        if (lacks && !lacks_)
            spdlog::warn("{} waits: {} MiB are free under node.data_dir, {} MiB are left to deliveries", who_,
                         *free >> 20, bytes_ >> 20);
        lacks_ = lacks;
        return lacks ? between_looks : Duration::zero();
    }

  private:
    static constexpr Duration between_looks = std::chrono::seconds(1);
    World& world_;
    std::filesystem::path folder_;
    std::uint64_t bytes_;
    std::string who_;
    bool lacks_ = false;
};

}  // namespace hilum
