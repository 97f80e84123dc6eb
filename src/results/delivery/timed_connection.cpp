#include "results/delivery/timed_connection.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "base/file_system.h"

namespace hilum::delivery {
namespace {

class TimedConnection : public DcmTCPConnection {
  public:
    TimedConnection(DcmNativeSocketType socket, ConnectionWatch& watch, std::string& beginning)
        : DcmTCPConnection(socket), watch_(watch), beginning_(beginning) {}

    ~TimedConnection() override { watch_.forget(); }

    ssize_t read(void* buffer, size_t size) override {
        if (!watch_.wait(POLLIN)) return failed(ETIMEDOUT);
        if (beginning_.empty()) peek();
        const ssize_t n = DcmTCPConnection::read(buffer, size);
        acknowledge_at_once();
        if (n == 0 || (n < 0 && errno != EINTR)) watch_.lose();
        return n;
    }

    // DCMTK takes a short write for an error, so this writes everything.
    ssize_t write(void* buffer, size_t size) override {
        if (!watch_.send(static_cast<const char*>(buffer), size))
            return failed(watch_.timed_out() ? ETIMEDOUT : EPIPE);
        acknowledge_at_once();
        return static_cast<ssize_t>(size);
    }

    OFBool networkDataAvailable(int) override { return watch_.wait(POLLIN) ? OFTrue : OFFalse; }

  private:
    void acknowledge_at_once() {  // the kernel forgets the option by and by
        const int saved = errno;
        const int on = 1;
        ::setsockopt(getSocket(), IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
        errno = saved;
    }

    void peek() {
        std::array<char, 32> first{};
        const auto n = ::recv(getSocket(), first.data(), first.size(), MSG_PEEK | MSG_DONTWAIT);
        if (n > 0) beginning_.assign(first.data(), static_cast<std::size_t>(n));
    }

    static ssize_t failed(int why) {
        errno = why;
        return -1;
    }

    ConnectionWatch& watch_;
    std::string& beginning_;
};

}  // namespace

Result<std::string> TimedTransportLayer::offer(UniqueFd connection) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* bound = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    UniqueFd rendezvous(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!rendezvous || ::bind(rendezvous.get(), bound, size) != 0 || ::listen(rendezvous.get(), 1) != 0 ||
        ::getsockname(rendezvous.get(), bound, &size) != 0)
        return tl::unexpected(system_error(errno, "cannot make a socket on the loopback"));
    connection_ = std::move(connection);
    rendezvous_ = std::move(rendezvous);
    return fmt::format("127.0.0.1:{}", ntohs(address.sin_port));
}

DcmTransportConnection* TimedTransportLayer::createConnection(DcmNativeSocketType socket, OFBool) {
    // Under the number that DCMTK knows it by.
    if (::dup3(connection_.get(), socket, O_CLOEXEC) < 0) return nullptr;
    connection_.reset();
    rendezvous_.reset();
    beginning_.clear();
    watch_.watch(socket);
    return new TimedConnection(socket, watch_, beginning_);
}

}  // namespace hilum::delivery
