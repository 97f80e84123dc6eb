// Answers InferRequests: gathers what waits into batches, runs them, sends each image's result.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/channel.h"
#include "base/clock.h"
#include "base/file_system.h"
#include "base/units.h"
#include "contract/analysis.h"
#include "contract/messages/inference.h"
#include "contract/messages/request_table.h"
#include "model/inference/batch_runner.h"
#include "model/package/model_package.h"

namespace hilum::model {

// What a worker ends with; the coordinator's log shows it.
enum WorkerExit : int {
    served = 0,    // the coordinator closed its channel
    unusable = 1,  // the model cannot be used, or the coordinator speaks another protocol
    // The node lacks something, or the GPU is lost to this process: the next one may go on, and what this one
    // was asked is not to blame.
    hindered = ended_by_the_nodes_trouble,
};

struct ServedModel {
    const ModelPackage& package;
    std::string device;                  // for the results
    std::function<bool()> device_works;  // asked after a failure
    Duration max_delay;                  // how long a request may wait for others to make a batch with
    double rounding = 0;                 // Engine::rounding()
};

class RequestServer {
  public:
    RequestServer(Channel& coordinator, ServedModel model, BatchRunner runner)
        : coordinator_(coordinator), model_(std::move(model)), runner_(std::move(runner)) {}

    // Until the coordinator closes its channel, or nothing more can be answered.
    WorkerExit serve();

  private:
    using Clock = std::chrono::steady_clock;

    // An InferRequest that was checked.
    struct WaitingRequest {
        std::int64_t job;
        int golden;  // -1: none
        Mapping tensor;
        Clock::time_point arrived;
    };

    bool gather();
    bool more_comes_until(Clock::time_point deadline) const;
    bool receive();
    Status infer(const InferRequest& request, std::vector<UniqueFd> memory);
    Result<Mapping> map_tensor(const InferRequest& request, const std::vector<UniqueFd>& memory) const;
    void answer_batch(std::size_t size);
    void answer(const WaitingRequest& request, const Result<Inference>& outcome, Timestamp started);
    Status compare(const WaitingRequest& request, const Inference& inference) const;
    Result<InferenceResult> describe(const Inference& inference, Timestamp started) const;
    void refuse(std::int64_t job, const Error& error);
    void send(const InferReply& reply, std::span<const float> maps);
    void end(WorkerExit exit);

    Channel& coordinator_;
    ServedModel model_;
    BatchRunner runner_;
    std::deque<WaitingRequest> waiting_;
    WorkerExit exit_ = served;
    bool ended_ = false;
};

}  // namespace hilum::model
