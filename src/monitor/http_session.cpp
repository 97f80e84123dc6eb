#include "monitor/http_session.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <boost/asio/write.hpp>
#include <utility>

#include "monitor/serving/http_tls.h"
#include "monitor/serving/request_form.h"

namespace hilum::monitor {

namespace beast = boost::beast;
namespace http = boost::beast::http;

namespace {

// Beast reads a chunk's extensions and the trailers as far as the buffer goes, and no header limit counts.
constexpr std::size_t read_ahead = 64 * 1024, max_buffered = 2 * read_ahead;

void turn_away(ClientStream::Socket socket) {
    static constexpr std::string_view busy =
        "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 2\r\nConnection: "
        "close\r\n\r\n";
    beast::error_code ignored;
    socket.non_blocking(true, ignored);
    socket.write_some(boost::asio::buffer(busy.data(), busy.size()), ignored);
}

}  // namespace

void HttpSession::begin(ClientStream::Socket socket, std::shared_ptr<HttpService> service) {
    auto caller = caller_of(socket.native_handle());
    if (!caller) return;  // it is gone again
    const auto session =
        std::make_shared<HttpSession>(std::move(socket), std::move(*caller), std::move(service));
    if (session->start()) return;
    // Over TLS nothing can be said yet.
    auto released = session->stream_.transport().release_socket();
    if (!session->stream_.is_encrypted()) turn_away(std::move(released));
}

// What goes through a Unix socket leaves the machine for nobody.
HttpSession::HttpSession(ClientStream::Socket socket, Caller caller, std::shared_ptr<HttpService> service)
    : caller_(std::move(caller)),
      tls_(caller_.user ? nullptr : service->tls),
      stream_(std::move(socket), tls_.get()),
      reading_timer_(stream_.get_executor()),
      service_(std::move(service)),
      buffer_(max_buffered) {}

HttpSession::~HttpSession() {
    if (id_) service_->connections.remove(*id_);
    end_upload();
    if (predicting_) --service_->running_predictions;
}

bool HttpSession::start() {
    id_ = service_->connections.add(address_, [this] { give_way(); });
    if (!id_) return false;
    if (stream_.is_encrypted())
        shake_hands();
    else
        read_header();
    return true;
}

// Who speaks no TLS, or none that is safe, is told so by an alert.
void HttpSession::shake_hands() {
    stream_.transport().expires_after(service_->limits.handshake_timeout);
    stream_.handshake([self = shared_from_this()](beast::error_code error) {
        if (error) return self->note_failed_handshake(error);
        self->read_header();
    });
}

// Not of who had to give way, and not of who said nothing, as a probe of the port does.
void HttpSession::note_failed_handshake(beast::error_code error) {
    if (error == boost::asio::error::operation_aborted || !has_heard_from(stream_.tls())) return;
    service_->tls_failures.add(caller_.address, handshake_failure(error, stream_.tls()));
}

// Every operation in progress ends with an error, and the session with the last of them.
void HttpSession::give_way() {
    stream_.transport().close();
}

void HttpSession::read_header() {
    parser_.emplace();
    parser_->header_limit(service_->limits.max_header);
    parser_->body_limit(service_->limits.max_body);
    head_ = keep_alive_ = false;
    service_->connections.set_waiting(*id_, true);
    stream_.transport().expires_after(service_->limits.header_timeout);
    http::async_read_header(
        stream_, buffer_, *parser_,
        [self = shared_from_this()](beast::error_code error, std::size_t) { self->on_header(error); });
}

void HttpSession::on_header(beast::error_code error) {
    if (error) return refuse_malformed(error);
    service_->connections.set_waiting(*id_, false);
    const auto& request = parser_->get();
    if (const auto wrong = wrong_form(request); !wrong.empty())
        return respond(error_response(http::status::bad_request, "bad_request", std::string(wrong)));
    head_ = request.method() == http::verb::head;
    if (auto refusal =
            service_->gate.refusal(request, {caller_.address, stream_.is_encrypted(), caller_.user},
                                   std::chrono::steady_clock::now()))
        return respond(std::move(*refusal));
    if (is_prediction()) return start_upload();
    keep_alive_ = request.keep_alive() && parser_->is_done();  // a body that nobody asked for is not read
    const auto target = request.target();
    if (Api::asks_database({target.data(), target.size()})) return answer_in_turn();
    answer();
}

void HttpSession::answer() {
    const auto& request = parser_->get();
    respond(service_->api.answer(request.method(), {request.target().data(), request.target().size()}));
}

void HttpSession::answer_in_turn() {
    stream_.transport().expires_never();
    if (!service_->questions.add(address_, [self = shared_from_this()] { self->answer(); })) {
        auto busy = error_response(http::status::service_unavailable, "busy",
                                   "too many requests wait for the database; try again");
        busy.set(http::field::retry_after, "2");
        return respond(std::move(busy));
    }
}

// Answers what the client did wrong; a connection that is gone or too slow gets none.
void HttpSession::refuse_malformed(beast::error_code error) {
    keep_alive_ = false;
    if (error == http::error::body_limit)
        return respond(error_response(
            http::status::payload_too_large, "too_large",
            fmt::format("the file is larger than http.max_body, {} bytes", service_->limits.max_body)));
    if (error == http::error::header_limit)
        return respond(error_response(http::status::request_header_fields_too_large, "too_large",
                                      "the request's header is too large"));
    static const auto& http_errors = http::make_error_code(http::error::end_of_stream).category();
    if (error.category() == http_errors && error != http::error::end_of_stream &&
        error != http::error::partial_message)
        respond(error_response(http::status::bad_request, "bad_request",
                               "this is not a well-formed HTTP request: " + error.message()));
}

bool HttpSession::is_prediction() const {
    const auto target = parser_->get().target();
    return parser_->get().method() == http::verb::post && target.substr(0, target.find('?')) == predict_path;
}

bool HttpSession::may_upload() const {
    const auto uploads = service_->uploads.find(address_);
    return uploads == service_->uploads.end() || uploads->second < service_->limits.max_uploads_per_address;
}

void HttpSession::start_upload() {
    if (service_->running_predictions >= service_->limits.max_predictions || !may_upload()) {
        auto busy = error_response(http::status::service_unavailable, "busy",
                                   "as many predictions as are allowed at a time are running; try again");
        busy.set(http::field::retry_after, "2");
        return respond(std::move(busy));
    }
    const auto target = parser_->get().target();
    auto model = predicting_model({target.data(), target.size()});
    if (!model)
        return respond(error_response(http::status::bad_request, model.error().code, model.error().message));
    model_ = std::move(*model);
    uploaded_ = UniqueFd(::memfd_create("hilum-upload", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    beast::file_posix file;
    file.native_handle(::fcntl(uploaded_.get(), F_DUPFD_CLOEXEC, 0));
    if (!uploaded_ || !file.is_open())
        return respond(
            error_response(http::status::service_unavailable, "no_memory", "no memory for the upload"));
    predicting_ = true;
    ++service_->running_predictions;
    uploading_ = address_;
    ++service_->uploads[*uploading_];
    upload_began_ = std::chrono::steady_clock::now();
    upload_read_ = 0;
    buffer_.reserve(read_ahead);  // else Beast reads an upload in pieces of 512 bytes
    const bool wants_continue = beast::iequals(parser_->get()[http::field::expect], "100-continue");
    upload_.emplace(std::move(*parser_));
    upload_->eager(true);
    beast::error_code error;
    upload_->get().body().reset(std::move(file), error);
    if (error) return;
    if (!wants_continue) return read_upload();
    static constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    stream_.transport().expires_after(service_->limits.write_timeout);
    boost::asio::async_write(stream_, boost::asio::buffer(go_on.data(), go_on.size()),
                             [self = shared_from_this()](beast::error_code failed, std::size_t) {
                                 if (!failed) self->read_upload();
                             });
}

void HttpSession::end_upload() {
    if (!uploading_) return;
    const auto uploads = service_->uploads.find(*uploading_);
    if (--uploads->second == 0) service_->uploads.erase(uploads);
    uploading_.reset();
}

// Each byte that comes earns time for others, up to the time for the whole.
void HttpSession::read_upload() {
    if (upload_->is_done()) return on_upload({});  // an empty one is from the beginning
    const auto& limits = service_->limits;
    const std::chrono::milliseconds earned(upload_read_ * 1000 / limits.slowest_upload);
    stream_.transport().expires_at(upload_began_ + std::min<std::chrono::milliseconds>(
                                                       limits.upload_start + earned, limits.upload_timeout));
    http::async_read_some(stream_, buffer_, *upload_,
                          [self = shared_from_this()](beast::error_code error, std::size_t count) {
                              self->upload_read_ += count;
                              self->on_upload(error);
                          });
}

void HttpSession::on_upload(beast::error_code error) {
    if (error) return refuse_malformed(error);
    if (!upload_->is_done()) return read_upload();
    end_upload();
    keep_alive_ = upload_->get().keep_alive();
    upload_.reset();  // closes its descriptor of the file
    struct stat uploaded {};
    if (::fstat(uploaded_.get(), &uploaded) != 0 || uploaded.st_size == 0)
        return respond(error_response(http::status::bad_request, "empty", "send one DICOM file as the body"));
    predict();
}

void HttpSession::predict() {
    ::fcntl(uploaded_.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
    stream_.transport().expires_never();
    service_->predictions.ask(model_, uploaded_.get(), [self = shared_from_this()](Response response) {
        self->respond(std::move(response));
    });
    uploaded_.reset();
}

void HttpSession::respond(Response response) {
    uploaded_.reset();
    end_upload();
    if (std::exchange(predicting_, false)) --service_->running_predictions;
    response_ = std::move(response);
    response_.keep_alive(keep_alive_);
    if (head_) response_.body().clear();  // Content-Length stays that of the body
    stream_.transport().expires_after(service_->limits.write_timeout);
    reading_timer_.expires_after(service_->limits.slow_reader);
    reading_timer_.async_wait([self = shared_from_this()](beast::error_code cancelled) {
        if (!cancelled) self->service_->connections.set_waiting(*self->id_, true);
    });
    http::async_write(stream_, response_, [self = shared_from_this()](beast::error_code error, std::size_t) {
        self->on_written(error);
    });
}

void HttpSession::on_written(beast::error_code error) {
    reading_timer_.cancel();
    if (error) return;
    if (keep_alive_) return read_header();
    say_farewell();
}

// Closing with unread input would reset the connection and could take our answer with it.
void HttpSession::say_farewell() {
    service_->connections.set_waiting(*id_, true);
    stream_.transport().expires_after(service_->limits.farewell_timeout);
    if (!stream_.is_encrypted()) return end_sending();
    stream_.say_goodbye([self = shared_from_this()](beast::error_code) { self->end_sending(); });
}

void HttpSession::end_sending() {
    beast::error_code ignored;
    stream_.transport().socket().shutdown(ClientStream::Socket::shutdown_send, ignored);
    drain();
}

// Of what still comes nothing is read as HTTP, nor as TLS.
void HttpSession::drain() {
    buffer_.clear();
    stream_.transport().async_read_some(buffer_.prepare(16 * 1024),
                                        [self = shared_from_this()](beast::error_code error, std::size_t) {
                                            if (!error) self->drain();
                                        });
}

}  // namespace hilum::monitor
