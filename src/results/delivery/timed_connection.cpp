#include "results/delivery/timed_connection.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <memory>
#include <utility>

#include "base/file_system.h"
#include "dicom/transport_connection.h"

namespace hilum::delivery {
namespace {

class TimedConnection : public TransportConnection {
  public:
    TimedConnection(DcmNativeSocketType socket, std::unique_ptr<DcmTransportConnection> inner,
                    ConnectionWatch& watch, std::string& beginning)
        : TransportConnection(socket, std::move(inner)), watch_(watch), beginning_(beginning) {}

    ~TimedConnection() override { watch_.forget(); }

    ssize_t read(void* buffer, size_t size) override {
        if (!watch_.wait(POLLIN)) return failed(ETIMEDOUT);
        if (beginning_.empty()) peek();
        const ssize_t n = TransportConnection::read(buffer, size);
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
    void peek() {
        std::array<char, 32> first{};
        const auto n = ::recv(getSocket(), first.data(), first.size(), MSG_PEEK | MSG_DONTWAIT);
        if (n > 0) beginning_.assign(first.data(), static_cast<std::size_t>(n));
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

DcmTransportConnection* TimedTransportLayer::createConnection(DcmNativeSocketType socket,
                                                              OFBool use_secure_layer) {
    // Under the number that DCMTK knows it by.
    if (::dup3(connection_.get(), socket, O_CLOEXEC) < 0) return nullptr;
    connection_.reset();
    rendezvous_.reset();
    beginning_.clear();
    std::unique_ptr<DcmTransportConnection> inner(
        DcmTransportLayer::createConnection(socket, use_secure_layer));
    if (!inner) return nullptr;
    watch_.watch(socket);
    return new TimedConnection(socket, std::move(inner), watch_, beginning_);
}

}  // namespace hilum::delivery
