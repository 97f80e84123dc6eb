#include "pipeline/asio_world.h"

#include <fcntl.h>
#include <signal.h>
#include <spdlog/spdlog.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <utility>

#include "base/file_system.h"
#include "base/heartbeat.h"

namespace hilum {
namespace {

// What Asio has queued already it runs, whatever is cancelled or destroyed meanwhile. So its handlers hold
// their action weakly, or ask whether it is still wanted.

class AsioTimer final : public Timer {
  public:
    explicit AsioTimer(boost::asio::io_context& loop) : timer_(loop) {}

    void start(Duration wait, std::function<void()> due) override {
        due_ = std::make_shared<std::function<void()>>(std::move(due));
        timer_.expires_after(wait);
        timer_.async_wait([waiting = std::weak_ptr(due_)](const boost::system::error_code&) {
            const auto action = waiting.lock();
            if (action) std::exchange(*action, nullptr)();
        });
    }
    void cancel() override {
        due_.reset();
        timer_.cancel();
    }

  private:
    boost::asio::steady_timer timer_;
    std::shared_ptr<std::function<void()>> due_;  // none else owns it, but while it runs
};

class AsioBackground final : public Background {
  public:
    ~AsioBackground() override { thread_.join(); }
    void post(std::function<void()> work) override { boost::asio::post(thread_, std::move(work)); }

  private:
    boost::asio::thread_pool thread_{1};
};

class AsioWatch final : public Watch {
  public:
    AsioWatch(boost::asio::io_context& loop, int fd, std::function<void()> readable)
        : watched_(std::make_shared<Watched>(loop, fd, std::move(readable))) {
        if (const auto error = begin(watched_))
            spdlog::error("cannot watch a descriptor; trying on: {}", error.message());
    }
    ~AsioWatch() override {
        watched_->wanted = false;
        watched_->descriptor.release();  // it is the caller's
        watched_->later.cancel();
    }

  private:
    struct Watched {
        Watched(boost::asio::io_context& loop, int of, std::function<void()> action)
            : fd(of), descriptor(loop), later(loop), readable(std::move(action)) {}
        const int fd;
        boost::asio::posix::stream_descriptor descriptor;
        boost::asio::steady_timer later;
        std::function<void()> readable;
        bool wanted = true;
    };
    // Where the kernel has no memory for one more, what is to be read waits until it has.
    static boost::system::error_code begin(const std::shared_ptr<Watched>& watched) {
        boost::system::error_code failed;
        watched->descriptor.assign(watched->fd, failed);
        if (!failed) {
            wait(watched);
        } else {
            watched->later.expires_after(between_tries);
            watched->later.async_wait([watched](const boost::system::error_code&) {
                if (watched->wanted) begin(watched);
            });
        }
        return failed;
    }
    static void wait(const std::shared_ptr<Watched>& watched) {
        watched->descriptor.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                                       [watched](const boost::system::error_code& error) {
                                           if (error || !watched->wanted) return;
                                           watched->readable();
                                           if (watched->wanted) wait(watched);
                                       });
    }

    static constexpr std::chrono::milliseconds between_tries{100};
    std::shared_ptr<Watched> watched_;
};

class AsioProcess final : public RunningProcess {
  public:
    AsioProcess(boost::asio::io_context& loop, ChildProcess child, UniqueFd heartbeat,
                std::function<void(int)> ended)
        : pid_(child.pid),
          pidfd_(std::move(child.pidfd)),
          heartbeat_(std::move(heartbeat)),
          ended_(std::move(ended)),
          end_(std::make_unique<AsioWatch>(loop, pidfd_.get(), [this] { reap(); })) {}
    ~AsioProcess() override {
        end_.reset();
        if (!running_) return;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    pid_t pid() const override { return pid_; }
    bool has_beaten() override { return hilum::has_beaten(heartbeat_.get()); }
    void kill() override {
        if (running_) ::kill(pid_, SIGKILL);
    }

  private:
    void reap() {
        int wait_status = 0;
        ::waitpid(pid_, &wait_status, 0);
        running_ = false;
        end_.reset();
        std::exchange(ended_, nullptr)(wait_status);  // may destroy this
    }

    pid_t pid_;
    UniqueFd pidfd_, heartbeat_;
    std::function<void(int)> ended_;
    bool running_ = true;
    std::unique_ptr<AsioWatch> end_;
};

class OverseenProcess final : public LivingProcess {
  public:
    OverseenProcess(UniqueFd pidfd, UniqueFd heartbeat)
        : pidfd_(std::move(pidfd)), heartbeat_(std::move(heartbeat)) {}
    bool has_beaten() override { return hilum::has_beaten(heartbeat_.get()); }
    void kill() override { kill_process(pidfd_.get()); }

  private:
    UniqueFd pidfd_, heartbeat_;
};

Error error_of(const std::string& what) {
    const bool not_found = errno == ENOENT;
    auto error = system_error(errno, what);
    if (not_found) error.code = "not_found";
    return error;
}

class MachinesFiles final : public Files {
  public:
    Result<UniqueFd> open(const std::filesystem::path& file) override {
        UniqueFd fd(::open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
        if (!fd) return tl::unexpected(error_of("cannot open " + file.string()));
        return fd;
    }
    Status write_durably(const std::filesystem::path& file, std::span<const std::byte> bytes) override {
        return write_file_durably(file, bytes);
    }
    Status rename_durably(const std::filesystem::path& from, const std::filesystem::path& to) override {
        if (::rename(from.c_str(), to.c_str()) != 0)
            return tl::unexpected(error_of("cannot rename " + from.string() + " to " + to.string()));
        auto synced = sync_directory(to.parent_path());
        if (synced && from.parent_path() != to.parent_path()) synced = sync_directory(from.parent_path());
        return synced;
    }
    Status remove_durably(const std::filesystem::path& file) override {
        if (::unlink(file.c_str()) == 0) return sync_directory(file.parent_path());
        if (errno != ENOENT) return tl::unexpected(error_of("cannot remove " + file.string()));
        // Its folder may be gone, too.
        if (::access(file.parent_path().c_str(), F_OK) != 0 && errno == ENOENT) return {};
        return sync_directory(file.parent_path());
    }
    Result<std::uint64_t> size(const std::filesystem::path& file) override {
        struct stat info {};
        if (::lstat(file.c_str(), &info) != 0)
            return tl::unexpected(error_of("cannot tell the size of " + file.string()));
        return static_cast<std::uint64_t>(info.st_size);
    }
    Result<std::uint64_t> free_space(const std::filesystem::path& folder) override {
        struct statvfs info {};
        if (::statvfs(folder.c_str(), &info) != 0)
            return tl::unexpected(error_of("cannot tell how much space is free in " + folder.string()));
        return static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
    }
};

}  // namespace

AsioWorld::AsioWorld(boost::asio::io_context& loop)
    : loop_(loop), files_(std::make_unique<MachinesFiles>()) {}

AsioWorld::~AsioWorld() = default;

Timestamp AsioWorld::now() const {
    return hilum::now();
}

MonotonicTime AsioWorld::monotonic() const {
    return std::chrono::steady_clock::now();
}

Duration AsioWorld::since_boot() const {
    timespec time{};
    ::clock_gettime(CLOCK_BOOTTIME, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_nsec / 1000);
}

std::uint64_t AsioWorld::random() {
    std::uint64_t value = 0;
    while (::getrandom(&value, sizeof value, 0) != sizeof value) {  // a signal came early at boot
    }
    return value;
}

void AsioWorld::post(std::function<void()> action) {
    boost::asio::post(loop_, std::move(action));
}

std::unique_ptr<Timer> AsioWorld::make_timer() {
    return std::make_unique<AsioTimer>(loop_);
}

std::unique_ptr<Background> AsioWorld::make_background() {
    return std::make_unique<AsioBackground>();
}

std::unique_ptr<Watch> AsioWorld::watch(int fd, std::function<void()> readable) {
    return std::make_unique<AsioWatch>(loop_, fd, std::move(readable));
}

Result<std::unique_ptr<RunningProcess>> AsioWorld::spawn(const SpawnOptions& options,
                                                         std::function<void(int)> ended) {
    auto heartbeat = make_heartbeat();
    if (!heartbeat) return tl::unexpected(heartbeat.error());
    auto with_heartbeat = options;
    with_heartbeat.descriptors.push_back(heartbeat->get());
    auto child = hilum::spawn(with_heartbeat);
    if (!child) return tl::unexpected(child.error());
    return std::make_unique<AsioProcess>(loop_, std::move(*child), std::move(*heartbeat), std::move(ended));
}

std::unique_ptr<LivingProcess> AsioWorld::oversee(pid_t, UniqueFd pidfd, UniqueFd heartbeat) {
    return std::make_unique<OverseenProcess>(std::move(pidfd), std::move(heartbeat));
}

}  // namespace hilum
