#include "base/heartbeat.h"

#include <poll.h>
#include <sys/eventfd.h>

#include <cerrno>

#include "base/file_system.h"

namespace hilum {

void Heartbeat::beat() const {
    if (fd_) (void)::eventfd_write(fd_.get(), 1);  // where it is full, nobody has looked for ages
}

bool Heartbeat::is_unheard() const {
    pollfd beaten{fd_.get(), POLLIN, 0};
    return fd_ && ::poll(&beaten, 1, 0) > 0;
}

Result<UniqueFd> make_heartbeat() {
    UniqueFd fd(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
    if (!fd) return tl::unexpected(system_error(errno, "cannot make an eventfd"));
    return fd;
}

bool has_beaten(int heartbeat) {
    eventfd_t beats = 0;
    return ::eventfd_read(heartbeat, &beats) == 0;
}

BeatingThread::BeatingThread(Heartbeat heartbeat)
    : heartbeat_(std::move(heartbeat)), thread_([this](const std::stop_token& stop) {
          std::unique_lock lock(mutex_);
          while (!ended_.wait_for(lock, stop, Heartbeat::interval, [&] { return stop.stop_requested(); }))
              heartbeat_.beat();
      }) {
    heartbeat_.beat();  // by itself, before the process takes up anything of which it may die
}

}  // namespace hilum
