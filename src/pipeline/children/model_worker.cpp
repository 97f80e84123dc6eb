#include "pipeline/children/model_worker.h"

#include <spdlog/spdlog.h>

#include <span>
#include <utility>

namespace hilum {

ModelWorker::ModelWorker(World& world, Duration timeout)
    : proof_timer(world.make_timer()), timeout_(timeout), deadline_(world.make_timer()) {}

void ModelWorker::ask(const InferRequest& request, int tensor, Answer answer) {
    const auto sent = child->send(to_packet(request), std::span(&tensor, 1));
    if (!sent && !child->running()) {
        --promised;
        return answer(tl::unexpected(Error{"process_died", sent.error().message, Retry::once_mended}));
    }
    if (asked.empty()) begin_to_wait();
    asked.emplace(request.job, Asked{std::move(answer), sent.has_value()});
}

std::optional<ModelWorker::Answer> ModelWorker::answered(std::int64_t job) {
    auto found = asked.extract(job);
    if (!found) return std::nullopt;
    --promised;
    if (asked.empty())
        deadline_->cancel();
    else
        begin_to_wait();
    return std::move(found.mapped().answer);
}

// What waits behind others is not begun yet: each reply tells that it goes on, and gives the rest the whole
// time.
void ModelWorker::begin_to_wait() {
    deadline_->start(timeout_, [child = child.get()] {
        spdlog::error("worker {} took too long over one image and is killed", child->name());
        child->kill();
    });
}

// What it never got is not to blame for its end.
void ModelWorker::fail_asked(const std::string& how) {
    promised = 0;
    deadline_->cancel();
    const Retry retry = child->retry_after_end();
    for (auto& [job, one] : std::exchange(asked, {}))
        one.answer(tl::unexpected(Error{"process_died", "the process that worked on it " + how,
                                        one.handed_over ? retry : Retry::once_mended}));
}

}  // namespace hilum
