#include "pipeline/clock_keeper.h"

#include <spdlog/spdlog.h>

#include "pipeline/lanes/wake_up.h"
#include "store/jobs/claim.h"
#include "store/stored_deadlines.h"

namespace hilum {
namespace {

constexpr std::chrono::seconds between_looks(1);
constexpr int looks_until_kept = 60;

}  // namespace

ClockKeeper::ClockKeeper(World& world, CommitQueue& commits, const RetrySettings& retry)
    : world_(world),
      commits_(commits),
      retry_(retry),
      watch_(read_clocks(world)),
      timer_(world.make_timer()) {}

void ClockKeeper::start(std::function<void()> on_changed) {
    on_changed_ = std::move(on_changed);
    look_later();
}

void ClockKeeper::look_later() {
    wake_up_after(*timer_, between_looks, [this] { look(); });
}

void ClockKeeper::look() {
    if (watch_.step_to(read_clocks(world_)) != Duration::zero())
        // The commit queue notices by itself before it works.
        commits_.submit([](Transaction&) {}, [this](const Result<void>&) { on_changed_(); });
    if (++looks_ >= looks_until_kept) {
        looks_ = 0;
        commits_.submit([](Transaction& transaction) { keep_time_seen(transaction); });
    }
    take_up();
    look_later();
}

void ClockKeeper::take_up() {
    if (taking_up_) return;  // the database is busy
    taking_up_ = true;
    commits_.submit(
        [retry = retry_](Transaction& transaction) { return take_up_expired(transaction, retry); },
        [this](const Result<int>& taken_up) {
            taking_up_ = false;
            if (taken_up.value_or(0) == 0) return;
            spdlog::warn("{} jobs lost their owner and are taken up again", *taken_up);
            on_changed_();
        });
}

}  // namespace hilum
