#include "monitor/prediction_broker.h"

#include <array>
#include <utility>

namespace hilum::monitor {

namespace http = boost::beast::http;

void PredictionBroker::ask(const std::string& model, int file, Handler handler) {
    const PredictRequest request{++last_request_, model};
    if (const auto sent = coordinator_.send(to_packet(request), std::array{file}); !sent)
        return handler(
            error_response(http::status::service_unavailable, "unavailable", sent.error().message));
    auto& timer =
        waiting_.emplace(request.request, Waiting{std::move(handler), boost::asio::steady_timer(loop_)})
            .first->second.timer;
    timer.expires_after(patience_);
    timer.async_wait([this, number = request.request](boost::system::error_code cancelled) {
        if (!cancelled)
            finish(number,
                   error_response(http::status::gateway_timeout, "timeout",
                                  "the prediction took too long; the node may be busy, try again later"));
    });
}

void PredictionBroker::on_reply(const PredictReply& reply) {
    const auto status = http::int_to_status(static_cast<unsigned>(reply.http_status));
    if (status == http::status::unknown)
        return finish(reply.request, json_response(http::status::internal_server_error, reply.body));
    finish(reply.request, json_response(status, reply.body));
}

void PredictionBroker::finish(std::int64_t request, Response response) {
    auto found = waiting_.extract(request);  // empty when its time was over
    if (!found.empty()) found.mapped().handler(std::move(response));
}

}  // namespace hilum::monitor
