#include "monitor/prediction_broker.h"

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "contract/messages/prediction_json.h"

namespace hilum::monitor {

namespace http = boost::beast::http;

namespace {

nlohmann::json body_of(const PredictReply& reply) {
    const auto& [not_analysed, result, model, notes] = reply.outcome;
    if (reply.error) return prediction_error_json(*reply.error);
    if (not_analysed) return prediction_error_json(*not_analysed, notes);
    if (result) return prediction_json(*result, reply.frames, notes);
    return prediction_error_json("protocol", "the coordinator gave no answer");
}

}  // namespace

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
    finish(reply.request,
           json_response(status == http::status::unknown ? http::status::internal_server_error : status,
                         body_of(reply)));
}

void PredictionBroker::finish(std::int64_t request, Response response) {
    auto found = waiting_.extract(request);  // empty when its time was over
    if (!found.empty()) found.mapped().handler(std::move(response));
}

}  // namespace hilum::monitor
