#include "results/delivery/timed_connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "base/readiness.h"

namespace hilum::delivery {
namespace {

using Clock = std::chrono::steady_clock;

class TimedConnection : public DcmTCPConnection {
  public:
    TimedConnection(DcmNativeSocketType socket, ConnectionWatch& watch)
        : DcmTCPConnection(socket), watch_(watch) {}

    ~TimedConnection() override { watch_.socket = -1; }

    ssize_t read(void* buffer, size_t size) override {
        if (!wait_for(getSocket(), POLLIN, watch_.deadline)) return timed_out();
        const ssize_t n = DcmTCPConnection::read(buffer, size);
        acknowledge_at_once();
        if (n == 0 || (n < 0 && errno != EINTR)) watch_.reset = true;
        return n;
    }

    // DCMTK takes a short write for an error, so this writes everything.
    ssize_t write(void* buffer, size_t size) override {
        const auto* bytes = static_cast<const char*>(buffer);
        for (size_t done = 0; done < size;) {
            watch_.allow(watch_.patience);
            if (!wait_for(getSocket(), POLLOUT, watch_.deadline)) return timed_out();
            const ssize_t n = ::send(getSocket(), bytes + done, size - done, MSG_NOSIGNAL | MSG_DONTWAIT);
            if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
            if (n < 0) {
                watch_.reset = true;
                return n;
            }
            done += static_cast<size_t>(n);
        }
        watch_.allow(watch_.patience);
        acknowledge_at_once();
        return static_cast<ssize_t>(size);
    }

    OFBool networkDataAvailable(int seconds) override {
        const auto latest = Clock::now() + std::chrono::seconds(std::max(seconds, 0));
        return wait_for(getSocket(), POLLIN, std::min(latest, watch_.deadline)) ? OFTrue : OFFalse;
    }

  private:
    void acknowledge_at_once() {  // the kernel forgets the option by and by
        const int saved = errno;
        const int on = 1;
        ::setsockopt(getSocket(), IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
        errno = saved;
    }

    ssize_t timed_out() {
        watch_.timed_out = true;
        errno = ETIMEDOUT;
        return -1;
    }

    ConnectionWatch& watch_;
};

}  // namespace

DcmTransportConnection* TimedTransportLayer::createConnection(DcmNativeSocketType socket, OFBool) {
    const int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    watch_.socket = socket;
    watch_.connected = true;
    watch_.allow(watch_.patience);
    return new TimedConnection(socket, watch_);
}

}  // namespace hilum::delivery
