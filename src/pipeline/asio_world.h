// The real World: the machine's clocks, processes and files, and a Boost.Asio loop.
#pragma once

#include "base/world.h"

namespace boost::asio {
class io_context;
}

namespace hilum {

// Whatever it hands out is to be gone before the loop is, and the loop outlives the world.
class AsioWorld : public World {
  public:
    explicit AsioWorld(boost::asio::io_context& loop);
    ~AsioWorld() override;

    Timestamp now() const override;
    MonotonicTime monotonic() const override;
    Duration since_boot() const override;
    std::uint64_t random() override;
    void post(std::function<void()> action) override;
    std::unique_ptr<Timer> make_timer() override;
    std::unique_ptr<Background> make_background() override;
    std::unique_ptr<Watch> watch(int fd, std::function<void()> readable) override;
    Result<std::unique_ptr<RunningProcess>> spawn(const SpawnOptions& options,
                                                  std::function<void(int wait_status)> ended) override;
    std::unique_ptr<LivingProcess> oversee(pid_t pid, UniqueFd pidfd, UniqueFd heartbeat) override;
    Files& files() override { return *files_; }

  private:
    boost::asio::io_context& loop_;
    std::unique_ptr<Files> files_;
};

}  // namespace hilum
