#include "base/heartbeat.h"

#include <poll.h>
#include <sys/eventfd.h>

#include <cerrno>

#include "base/file_system.h"

namespace hilum {
namespace {

bool is_readable_within(int fd, std::chrono::milliseconds wait) {
    pollfd waited{fd, POLLIN, 0};
    return ::poll(&waited, 1, static_cast<int>(wait.count())) > 0;
}

}  // namespace

void Heartbeat::beat() const {
    if (fd_) (void)::eventfd_write(fd_.get(), 1);  // where it is full, nobody has looked for ages
}

bool Heartbeat::is_unheard() const {
    return fd_ && is_readable_within(fd_.get(), std::chrono::milliseconds(0));
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
    : heartbeat_(std::move(heartbeat)), end_(::eventfd(0, EFD_CLOEXEC)), thread_([this] {
          while (!is_readable_within(end_.get(), Heartbeat::interval)) heartbeat_.beat();
      }) {
    heartbeat_.beat();  // by itself, before the process takes up anything of which it may die
}

BeatingThread::~BeatingThread() {
    (void)::eventfd_write(end_.get(), 1);
    thread_.join();
}

}  // namespace hilum
