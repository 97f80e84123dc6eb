// Watches the space that is free for the spool: below scp.min_free_space every C-STORE is answered A700,
// which is to be seen before the first sender finds out.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>

#include "base/error.h"
#include "base/units.h"

namespace hilum {

class DiskWatch {
  public:
    // `free_space`: in bytes. `on_changed`: refusing() is another than before.
    DiskWatch(boost::asio::io_context& loop, std::uint64_t min_free_space,
              std::function<Result<std::uint64_t>()> free_space, std::function<void()> on_changed,
              Duration between_looks = std::chrono::seconds(1));

    void start() { look(); }
    bool refusing() const { return refusing_; }

  private:
    void look();

    std::uint64_t min_free_space_;
    std::function<Result<std::uint64_t>()> free_space_;
    std::function<void()> on_changed_;
    Duration between_looks_;
    boost::asio::steady_timer timer_;
    bool refusing_ = false;
};

}  // namespace hilum
