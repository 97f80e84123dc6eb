// One HTTP connection: reads requests, within limits of size and time, and answers them one after the other.
#pragma once

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <chrono>
#include <memory>
#include <optional>

#include "base/unique_fd.h"
#include "monitor/access/gate.h"
#include "monitor/api.h"
#include "monitor/prediction_broker.h"
#include "monitor/serving/caller.h"
#include "monitor/serving/client_stream.h"
#include "monitor/serving/connection_table.h"
#include "monitor/serving/question_queue.h"
#include "monitor/serving/tls_failures.h"

namespace hilum::monitor {

struct HttpLimits {
    std::uint64_t max_body = 512ULL << 20;  // bytes
    std::uint32_t max_header = 16 * 1024;   // bytes
    int max_predictions = 4;                // at a time, since each holds its file in memory
    int max_uploads_per_address = 3;        // of these, so that a slow client leaves one to others
    std::chrono::seconds handshake_timeout{15};
    std::chrono::seconds header_timeout{15};  // from the first wait for a request to its header's end
    std::chrono::seconds upload_start{15}, upload_timeout{120};  // for little, and for the whole body
    std::uint64_t slowest_upload = 32 * 1024;                    // bytes/s, once upload_start is over
    std::chrono::seconds write_timeout{15};
    std::chrono::seconds slow_reader{2};       // from then on it gives way to others
    std::chrono::seconds farewell_timeout{2};  // for the client to read our last words
};

// What all sessions share. The references outlive the event loop's run, not the sessions that it leaves
// behind.
struct HttpService {
    HttpLimits limits;
    Api& api;
    PredictionBroker& predictions;
    Gate& gate;
    // Of the connections by TCP to come; none: they are plain.
    std::shared_ptr<boost::asio::ssl::context> tls{};
    TlsFailures tls_failures{};
    ConnectionTable connections{{}};
    QuestionQueue questions{};
    int running_predictions = 0;
    std::map<IpAddress, int> uploads{};  // that are not whole yet
};

class HttpSession : public std::enable_shared_from_this<HttpSession> {
  public:
    // Served from then on; turned away with 503 where there is no room for it.
    static void begin(ClientStream::Socket socket, std::shared_ptr<HttpService> service);
    HttpSession(ClientStream::Socket socket, Caller caller, std::shared_ptr<HttpService> service);
    ~HttpSession();
    HttpSession(const HttpSession&) = delete;
    HttpSession& operator=(const HttpSession&) = delete;

  private:
    using EmptyParser = boost::beast::http::request_parser<boost::beast::http::empty_body>;
    using UploadParser = boost::beast::http::request_parser<boost::beast::http::file_body>;

    bool start();
    void give_way();
    void shake_hands();
    void note_failed_handshake(boost::beast::error_code error);
    void read_header();
    void on_header(boost::beast::error_code error);
    void refuse_malformed(boost::beast::error_code error);
    bool is_prediction() const;
    void start_upload();
    bool may_upload() const;
    void read_upload();
    void on_upload(boost::beast::error_code error);
    void end_upload();
    void answer();
    void answer_in_turn();
    void predict();
    void respond(Response response);
    void on_written(boost::beast::error_code error);
    void say_farewell();
    void end_sending();
    void drain();

    const Caller caller_;
    std::shared_ptr<boost::asio::ssl::context> tls_;  // that stream_ began with
    ClientStream stream_;
    boost::asio::steady_timer reading_timer_;  // of a client that does not read its answer
    std::shared_ptr<HttpService> service_;
    boost::beast::flat_buffer buffer_;
    std::optional<EmptyParser> parser_;
    std::optional<UploadParser> upload_;
    UniqueFd uploaded_;  // the memfd that the upload goes to
    std::string model_;  // of the prediction asked for
    Response response_;
    bool head_ = false;  // answer without a body
    bool keep_alive_ = false;
    bool predicting_ = false;                             // counted in running_predictions
    const IpAddress address_ = caller_.address.subnet();  // of those that count as one
    std::optional<ConnectionTable::Id> id_;
    std::optional<IpAddress> uploading_;  // counted in uploads
    std::chrono::steady_clock::time_point upload_began_;
    std::uint64_t upload_read_ = 0;  // bytes
};

}  // namespace hilum::monitor
