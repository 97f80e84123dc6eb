// The bytes of an HTTP connection, plain or over TLS, as Beast and Asio read and write them. Time limits are
// those of the tcp_stream underneath, of the handshake too.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/tcp_stream.hpp>

#include <optional>
#include <utility>

namespace hilum::monitor {

class ClientStream {
  public:
    using executor_type = boost::beast::tcp_stream::executor_type;

    // `tls`: none, plain. It must outlive the handshake's begin only.
    ClientStream(boost::asio::ip::tcp::socket socket, boost::asio::ssl::context* tls)
        : tcp_(std::move(socket)) {
        if (tls != nullptr) tls_.emplace(tcp_, *tls);
    }

    executor_type get_executor() { return tcp_.get_executor(); }
    boost::beast::tcp_stream& tcp() { return tcp_; }
    bool is_encrypted() const { return tls_.has_value(); }

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
            tcp_.async_read_some(buffers, std::forward<Handler>(handler));
    }

    template <typename Buffers, typename Handler>
    void async_write_some(const Buffers& buffers, Handler&& handler) {
        if (tls_)
            tls_->async_write_some(buffers, std::forward<Handler>(handler));
        else
            tcp_.async_write_some(buffers, std::forward<Handler>(handler));
    }

  private:
    boost::beast::tcp_stream tcp_;
    std::optional<boost::asio::ssl::stream<boost::beast::tcp_stream&>> tls_;
};

}  // namespace hilum::monitor
