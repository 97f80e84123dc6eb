#include "model/inference/request_server.h"

#include <poll.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace hilum::model {
namespace {

WorkerExit exit_after(const Error& error) {
    return static_cast<WorkerExit>(exit_code_of("worker", error));
}

}  // namespace

WorkerExit RequestServer::serve() {
    while (!ended_)
        if (gather()) answer_batch(runner_.next_size(waiting_.size()));
    return exit_;
}

void RequestServer::end(WorkerExit exit) {
    ended_ = true;
    exit_ = exit;
}

// Waits until there is a batch to run: full, or as large as it became within max_delay. False when there is
// none.
bool RequestServer::gather() {
    if (waiting_.empty() && !receive()) return false;
    if (waiting_.empty()) return false;
    const auto deadline = waiting_.front().arrived + model_.max_delay;
    while (waiting_.size() < runner_.largest() && more_comes_until(deadline))
        if (!receive()) return false;
    return true;
}

bool RequestServer::more_comes_until(Clock::time_point deadline) const {
    const auto left = std::max(Clock::duration::zero(), deadline - Clock::now());
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
    const timespec timeout{seconds.count(), std::chrono::nanoseconds(left - seconds).count()};
    pollfd readable{coordinator_.fd(), POLLIN, 0};
    return ::ppoll(&readable, 1, &timeout, nullptr) > 0;
}

// Takes one message. A request that cannot be run is answered at once. False when the work ended.
bool RequestServer::receive() {
    static constexpr std::array requests{request<&RequestServer::infer>(any_number)};
    const auto taken = coordinator_.receive().and_then(
        [this](Message message) { return serve_request(*this, requests, std::move(message)); });
    if (!taken) end(exit_after(taken.error()));
    return !ended_;
}

Status RequestServer::infer(const InferRequest& request, std::vector<UniqueFd> memory) {
    auto tensor = map_tensor(request, memory);
    if (tensor)
        waiting_.push_back({request.job, request.golden, std::move(*tensor), Clock::now()});
    else
        refuse(request.job, {"wrong_input", tensor.error().message, tensor.error().retry});
    return {};
}

Result<Mapping> RequestServer::map_tensor(const InferRequest& request,
                                          const std::vector<UniqueFd>& memory) const {
    if (request.golden >= static_cast<int>(model_.package.golden.size()))
        return fail("wrong_input", "the package has no golden case {}", request.golden);
    const auto& input = model_.package.input;
    const std::vector<std::int64_t> expected{1, input.channels, input.rows, input.columns};
    if (request.shape != expected)
        return fail("wrong_input", "the tensor has not the shape [1, {}, {}, {}]", input.channels, input.rows,
                    input.columns);
    if (memory.size() != 1) return fail("wrong_input", "the tensor's memory is missing");
    std::size_t bytes = sizeof(float);
    for (const auto size : expected) bytes *= static_cast<std::size_t>(size);
    return Mapping::of_memfd(memory.front().get(), bytes);
}

void RequestServer::answer_batch(std::size_t size) {
    std::vector<InputTensor> inputs;
    for (std::size_t i = 0; i < size; ++i) inputs.push_back(waiting_[i].tensor.as<const float>());
    const auto started = now();
    auto outcomes = runner_.run(inputs);
    const bool failed = std::any_of(outcomes.begin(), outcomes.end(), [](const auto& outcome) {
        return !outcome && outcome.error().code == "model_failed";
    });
    const bool lost = failed && !model_.device_works();
    for (auto& outcome : outcomes) {
        // Not the image's fault: the next process may succeed.
        if (lost && !outcome) outcome.error() = {"device_lost", outcome.error().message, Retry::once_mended};
        // All images are of one size here: what is too large for this process is so for want of memory.
        if (!outcome && outcome.error().code == "out_of_memory") outcome.error().retry = Retry::once_mended;
        answer(waiting_.front(), outcome, started);
        waiting_.pop_front();
    }
    if (!lost) return;
    spdlog::error("{} does not work any more in this process", model_.device);
    end(hindered);
}

void RequestServer::answer(const WaitingRequest& request, const Result<Inference>& outcome,
                           Timestamp started) {
    if (!outcome) return refuse(request.job, outcome.error());
    auto result = describe(*outcome, started);
    if (!result) return refuse(request.job, result.error());
    if (auto same = compare(request, *outcome); !same) return refuse(request.job, same.error());
    send({.job = request.job, .result = std::move(*result), .error = {}}, outcome->maps);
}

Status RequestServer::compare(const WaitingRequest& request, const Inference& inference) const {
    if (request.golden < 0) return {};
    const auto& expected = model_.package.golden.at(static_cast<std::size_t>(request.golden));
    return compare_golden(model_.package, expected, inference.outputs, model_.rounding);
}

Result<InferenceResult> RequestServer::describe(const Inference& inference, Timestamp started) const {
    auto result = interpret_outputs(model_.package, inference.outputs);
    if (!result) return result;
    if (!std::all_of(inference.maps.begin(), inference.maps.end(), [](float v) { return std::isfinite(v); }))
        return fail("not_finite", "the model gave a map with values that are no numbers");
    result->device = model_.device;
    result->started_at = to_microseconds(started);
    result->seconds = inference.seconds;
    result->map_rows = inference.map_rows;
    result->map_columns = inference.map_columns;
    return result;
}

void RequestServer::refuse(std::int64_t job, const Error& error) {
    spdlog::warn("job {}: {}: {}", job, error.code, error.message);
    send({.job = job, .result = {}, .error = error}, {});
}

void RequestServer::send(const InferReply& reply, std::span<const float> maps) {
    Status sent;
    if (maps.empty()) {
        sent = coordinator_.send(to_packet(reply));
    } else {
        const auto memfd = make_memfd("hilum-maps", std::as_bytes(maps));
        if (!memfd) return refuse(reply.job, memfd.error());
        const int fd = memfd->get();
        sent = coordinator_.send(to_packet(reply), std::span(&fd, 1));
    }
    if (!sent) end(exit_after(sent.error()));
}

}  // namespace hilum::model
