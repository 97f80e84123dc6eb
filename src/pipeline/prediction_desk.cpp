#include "pipeline/prediction_desk.h"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace hilum {
namespace {

constexpr int unprocessable = 422, unavailable = 503, not_found = 404, internal_error = 500;

}  // namespace

PredictionDesk::PredictionDesk(World& world, EventKeeper& events, AnalysisEngine& engine,
                               std::vector<std::string> models)
    : world_(world), access_(world, events), engine_(engine), models_(std::move(models)) {}

void PredictionDesk::start(ChildSpecification http, Callbacks callbacks) {
    callbacks_ = std::move(callbacks);
    http_ = std::make_unique<SupervisedChild>(
        world_, std::move(http),
        SupervisedChild::Callbacks{[this](Message message) { on_message(std::move(message)); },
                                   [this](const std::string&) { http_ended(); },
                                   [this] { callbacks_.on_changed(); }});
    http_->start();
}

void PredictionDesk::stop() {
    access_.tell_left_out();
    if (http_) http_->stop();
}

void PredictionDesk::tell(const NodeStatus& status) {
    status_ = status;
    if (http_ && http_->running()) (void)http_->send(to_packet(status_));
}

void PredictionDesk::reload_certificates() {
    if (http_ && http_->running()) (void)http_->send(to_packet(ReloadCertificates{}));
}

void PredictionDesk::on_message(Message message) {
    if (const auto ready = from_packet<HttpReady>(message)) {
        port_ = ready->port;
        if (port_ > 0) spdlog::info("serving HTTP on port {}", port_);
        http_->prosper();
        tell(status_);
        return callbacks_.on_changed();
    }
    if (const auto access = from_packet<HttpAccess>(message)) return access_.note(*access);
    if (const auto failed = from_packet<HttpTlsFailed>(message)) return access_.note(*failed);
    if (const auto loaded = from_packet<CertificatesLoaded>(message))
        return callbacks_.on_certificates(*loaded);
    if (const auto loaded = from_packet<TokensLoaded>(message)) {
        access_.note(*loaded);
        return callbacks_.on_changed();
    }
    const auto request = from_packet<PredictRequest>(message);
    if (!request || message.fds.size() != 1) {
        spdlog::error("http: {}", request ? "a prediction without a file" : request.error().message);
        return http_->kill();
    }
    tasks_.start(predict(*request, std::move(message.fds.front()), http_gone_.get_token()));
}

// The next process numbers its requests from the beginning again.
void PredictionDesk::http_ended() {
    port_ = 0;
    http_gone_.request_stop();
    http_gone_ = std::stop_source();
}

Task<void> PredictionDesk::predict(PredictRequest request, UniqueFd file, std::stop_token asker_gone) {
    std::size_t model = 0;
    if (!request.model.empty())
        model = static_cast<std::size_t>(std::find(models_.begin(), models_.end(), request.model) -
                                         models_.begin());
    if (model >= models_.size())
        co_return answer(
            request.request, asker_gone,
            refusal(not_found, {"unknown_model", "no model of that name is configured", Retry::never}));
    if (!engine_.ready(model))
        co_return answer(
            request.request, asker_gone,
            refusal(unavailable, {"not_ready", "the model is not ready; /readyz tells why", Retry::later}));
    AnalysisTask task{std::move(file), model, 1, true, {}, asker_gone};
    const auto analysis = co_await engine_.analyse(std::move(task));
    answer(request.request, asker_gone, reply_of(analysis));
}

PredictReply PredictionDesk::reply_of(const AnalysisAnswer& analysis) {
    if (const auto* failure = std::get_if<AnalysisFailure>(&analysis))
        return refusal(internal_error, failure->error);
    PredictReply reply;
    if (const auto* refused = std::get_if<Refused>(&analysis)) {
        reply.http_status = unprocessable;
        reply.outcome.not_analysed = refused->reason;
        reply.outcome.notes = refused->notes;
    } else {
        const auto& analysed = std::get<Analysed>(analysis);
        reply.outcome.result = analysed.result;
        reply.outcome.notes = analysed.notes;
        reply.frames = analysed.frames;
    }
    return reply;
}

PredictReply PredictionDesk::refusal(int http_status, const Error& error) {
    PredictReply reply;
    reply.http_status = http_status;
    reply.error = error;
    return reply;
}

// To the process that asked and to no other: under the same number another one waits for another image.
void PredictionDesk::answer(std::int64_t request, const std::stop_token& asker_gone, PredictReply reply) {
    if (asker_gone.stop_requested())
        return spdlog::warn(
            "the http process that asked for a prediction is gone, and nobody gets the answer");
    reply.request = request;
    (void)http_->send(to_packet(reply));
}

}  // namespace hilum
