// One worker process, what it told of itself, and what it was asked.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "base/world.h"
#include "contract/messages/inference.h"
#include "pipeline/children/supervised_child.h"
#include "pipeline/lanes/task.h"

namespace hilum {

struct InferAnswer {
    InferReply reply;
    UniqueFd maps;  // none where the model has none
};

struct ModelWorker {
    using Answer = Arrival<Result<InferAnswer>>::Callback;
    struct Asked {
        Answer answer;
        bool handed_over;  // else it could not be sent, and the process is about to end
    };

    // `timeout`: see ModelSettings.
    ModelWorker(World& world, Duration timeout);

    bool serves() const { return ready && proved; }
    bool has_room() const { return promised < 2 * ready->batch_size; }

    // Gives it a request that was promised, with its tensor. The answer is an error where it ends before.
    void ask(const InferRequest& request, int tensor, Answer answer);
    // Who waits for the reply to request `job`; nothing: it has no such request.
    std::optional<Answer> answered(std::int64_t job);
    void fail_asked(const std::string& how);  // its process has ended

    std::int64_t number = 0;  // of this node's run; none is given twice
    int life = 0;             // of its process: one more each time that it is started again
    std::size_t model = 0;    // index into configuration.models
    std::unique_ptr<SupervisedChild> child;
    std::optional<WorkerReady> ready;     // the package that it loaded
    UniqueFd model_yaml;                  // its text
    std::vector<UniqueFd> golden_inputs;  // as ready->golden names them
    bool proved = false;                  // every golden case came out right since it was loaded
    int unproved = 0;                     // how often its golden cases could not be run since it was loaded
    int failed_proofs = 0;                // and of these, how often the node lacked nothing
    std::unique_ptr<Timer> proof_timer;   // until they are tried again
    std::string error;                    // why it does not serve
    int promised = 0;                     // requests for which it has been chosen, and that it has to answer
    std::map<std::int64_t, Asked> asked;  // of these, those that it got, by their number

  private:
    void begin_to_wait();

    const Duration timeout_;
    std::unique_ptr<Timer> deadline_;  // of its next reply, while it has requests
};

}  // namespace hilum
