// Watches the space that is free for the spool: below scp.min_free_space every C-STORE is answered A700,
// which is to be seen before the first sender finds out.
#pragma once

#include <functional>

#include "base/error.h"
#include "base/units.h"
#include "base/world.h"

namespace hilum {

class DiskWatch {
  public:
    static constexpr std::chrono::seconds between_looks{1};

    DiskWatch(World& world, std::filesystem::path folder, std::uint64_t min_free_space);

    void start(std::function<void()> on_changed);  // refusing() is another than before
    bool refusing() const { return refusing_; }

  private:
    void look();

    World& world_;
    std::filesystem::path folder_;
    std::uint64_t min_free_space_;
    std::function<void()> on_changed_;
    std::unique_ptr<Timer> timer_;
    bool refusing_ = false;
};

}  // namespace hilum
