// One HTTP connection: reads requests, within limits of size and time, and answers them one after the other.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include <chrono>
#include <memory>
#include <optional>

#include "base/unique_fd.h"
#include "monitor/api.h"
#include "monitor/prediction_broker.h"

namespace hilum::monitor {

struct HttpLimits {
    std::uint64_t max_body = 512ULL << 20;  // bytes
    std::uint32_t max_header = 16 * 1024;   // bytes
    int max_connections = 64;
    int max_predictions = 4;                   // at a time, since each holds its file in memory
    std::chrono::seconds header_timeout{30};   // from the first wait for a request to its header's end
    std::chrono::seconds upload_timeout{120};  // for the whole body
    std::chrono::seconds write_timeout{30};
    std::chrono::seconds farewell_timeout{2};  // for the client to read our last words
};

// What all sessions share. The references outlive the event loop's run, not the sessions that it leaves
// behind.
struct HttpService {
    HttpLimits limits;
    Api& api;
    PredictionBroker& predictions;
    int connections = 0;  // open now
    int running_predictions = 0;
};

class HttpSession : public std::enable_shared_from_this<HttpSession> {
  public:
    HttpSession(boost::asio::ip::tcp::socket socket, std::shared_ptr<HttpService> service);
    ~HttpSession();
    HttpSession(const HttpSession&) = delete;
    HttpSession& operator=(const HttpSession&) = delete;

    void start() { read_header(); }

  private:
    using EmptyParser = boost::beast::http::request_parser<boost::beast::http::empty_body>;
    using UploadParser = boost::beast::http::request_parser<boost::beast::http::file_body>;

    void read_header();
    void on_header(boost::beast::error_code error);
    void refuse_malformed(boost::beast::error_code error);
    bool is_prediction() const;
    void start_upload();
    void read_upload();
    void on_upload(boost::beast::error_code error);
    void predict();
    void respond(Response response);
    void on_written(boost::beast::error_code error);
    void say_farewell();
    void drain();

    boost::beast::tcp_stream stream_;
    std::shared_ptr<HttpService> service_;
    boost::beast::flat_buffer buffer_;
    std::optional<EmptyParser> parser_;
    std::optional<UploadParser> upload_;
    UniqueFd uploaded_;  // the memfd that the upload goes to
    std::string model_;  // of the prediction asked for
    Response response_;
    bool head_ = false;  // answer without a body
    bool keep_alive_ = false;
    bool predicting_ = false;  // counted in running_predictions
};

}  // namespace hilum::monitor
