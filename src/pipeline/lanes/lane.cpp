#include "pipeline/lanes/lane.h"

#include "base/clock.h"
#include "pipeline/wake_up.h"

namespace hilum {

WakeUp::WakeUp(World& world) : world_(world), timer_(world.make_timer()) {}

void WakeUp::set() {
    if (std::exchange(state_->set, true) || !state_->waiting) return;
    world_.post([weak = std::weak_ptr(state_)] {
        if (const auto state = weak.lock(); state && state->set) state->go_on();
    });
}

WakeUp::Waiting WakeUp::wait_until(std::optional<std::int64_t> due) {
    if (!due) return wait();
    return wait_for(from_microseconds(*due) - world_.now());
}

bool WakeUp::Waiting::await_ready() const {
    return wake_up_.state_->set;
}

void WakeUp::Waiting::await_suspend(std::coroutine_handle<> waiting) {
    wake_up_.state_->waiting = waiting;
    if (limit_) wake_up_after(*wake_up_.timer_, *limit_, [state = wake_up_.state_.get()] { state->go_on(); });
}

void WakeUp::Waiting::await_resume() const {
    wake_up_.timer_->cancel();
    wake_up_.state_->set = false;
}

}  // namespace hilum
