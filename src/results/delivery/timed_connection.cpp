#include "results/delivery/timed_connection.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <memory>
#include <utility>

#include "dicom/tls_connection.h"
#include "dicom/transport_connection.h"
#include "results/delivery/readiness.h"

namespace hilum::delivery {
namespace {

class TimedConnection : public TransportConnection {
  public:
    TimedConnection(DcmNativeSocketType socket, std::unique_ptr<DcmTransportConnection> inner,
                    ConnectionWatch& watch, std::string& beginning)
        : TransportConnection(socket, std::move(inner)), watch_(watch), beginning_(beginning) {}

    ~TimedConnection() override { watch_.forget(); }

    ssize_t read(void* buffer, size_t size) override {
        if (!wait()) return failed(ETIMEDOUT);
        if (beginning_.empty() && isTransparentConnection()) peek();
        const ssize_t n = TransportConnection::read(buffer, size);
        if (n == 0 || (n < 0 && errno != EINTR)) watch_.lose();
        return n;
    }

    // DCMTK takes a short write for an error, so this writes everything.
    ssize_t write(void* buffer, size_t size) override {
        if (!isTransparentConnection()) return TransportConnection::write(buffer, size);
        if (!watch_.send(static_cast<const char*>(buffer), size))
            return failed(watch_.timed_out() ? ETIMEDOUT : EPIPE);
        acknowledge_at_once();
        return static_cast<ssize_t>(size);
    }

    OFBool networkDataAvailable(int timeout) override {
        if (timeout > 0) return wait() ? OFTrue : OFFalse;
        const bool ready = isTransparentConnection()
                               ? wait_for(getSocket(), POLLIN, std::chrono::steady_clock::now())
                               : has_decrypted();
        return ready ? OFTrue : OFFalse;
    }

  private:
    // Of TLS the socket may bring what is none of the peer's data, or a part of a record.
    bool wait() {
        while (!has_decrypted()) {
            if (!watch_.wait(POLLIN)) return false;
            if (isTransparentConnection()) return true;
        }
        return true;
    }

    void peek() {
        std::array<char, 32> first{};
        const auto n = ::recv(getSocket(), first.data(), first.size(), MSG_PEEK | MSG_DONTWAIT);
        if (n > 0) beginning_.assign(first.data(), static_cast<std::size_t>(n));
    }

    ConnectionWatch& watch_;
    std::string& beginning_;
};

}  // namespace

std::string TimedTransportLayer::offer(std::shared_ptr<Rendezvous> rendezvous, UniqueFd connection,
                                       std::optional<TlsStream> tls) {
    rendezvous->clear();
    connection_ = std::move(connection);
    rendezvous_ = std::move(rendezvous);
    tls_ = std::move(tls);
    return rendezvous_->address();
}

DcmTransportConnection* TimedTransportLayer::createConnection(DcmNativeSocketType socket,
                                                              OFBool use_secure_layer) {
    // Under the number that DCMTK knows it by.
    if (::dup3(connection_.get(), socket, O_CLOEXEC) < 0) return nullptr;
    connection_.reset();
    rendezvous_->clear();
    beginning_.clear();
    watch_.watch(socket);
    std::unique_ptr<DcmTransportConnection> inner;
    if (tls_)
        inner = std::make_unique<TlsConnection>(socket, std::move(*std::exchange(tls_, std::nullopt)));
    else
        inner.reset(DcmTransportLayer::createConnection(socket, use_secure_layer));
    if (!inner) return nullptr;
    return new TimedConnection(socket, std::move(inner), watch_, beginning_);
}

}  // namespace hilum::delivery
