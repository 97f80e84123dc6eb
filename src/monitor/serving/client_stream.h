// The bytes of an HTTP connection, by TCP, plain or over TLS, or by a Unix socket, as Beast and Asio read and
// write them. Time limits are those of the Beast stream underneath, of the handshake too.
#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/basic_stream.hpp>

#include <optional>
#include <utility>

namespace hilum::monitor {

class ClientStream {
  public:
    using Socket = boost::asio::generic::stream_protocol::socket;
    using Transport = boost::beast::basic_stream<boost::asio::generic::stream_protocol>;
    using executor_type = Transport::executor_type;

    // `tls`: none, plain. It must outlive the handshake's begin only.
    ClientStream(Socket socket, boost::asio::ssl::context* tls) : transport_(std::move(socket)) {
        if (tls != nullptr) tls_.emplace(transport_, *tls);
    }

    executor_type get_executor() { return transport_.get_executor(); }
    Transport& transport() { return transport_; }
    bool is_encrypted() const { return tls_.has_value(); }
    SSL* tls() { return tls_->native_handle(); }  // where it is encrypted

    // To be called once, first of all, where it is encrypted.
    template <typename Handler>
    void handshake(Handler&& handler) {
        tls_->async_handshake(boost::asio::ssl::stream_base::server, std::forward<Handler>(handler));
    }

    // Says that nothing more comes, and waits for the other side to say the same.
    template <typename Handler>
    void say_goodbye(Handler&& handler) {
        tls_->async_shutdown(std::forward<Handler>(handler));
    }

    template <typename Buffers, typename Handler>
    void async_read_some(const Buffers& buffers, Handler&& handler) {
        if (tls_)
            tls_->async_read_some(buffers, std::forward<Handler>(handler));
        else
            transport_.async_read_some(buffers, std::forward<Handler>(handler));
    }

    template <typename Buffers, typename Handler>
    void async_write_some(const Buffers& buffers, Handler&& handler) {
        if (tls_)
            tls_->async_write_some(buffers, std::forward<Handler>(handler));
        else
            transport_.async_write_some(buffers, std::forward<Handler>(handler));
    }

  private:
    Transport transport_;
    std::optional<boost::asio::ssl::stream<Transport&>> tls_;
};

}  // namespace hilum::monitor
