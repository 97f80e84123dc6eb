#include "pipeline/clock_keeper.h"

#include "pipeline/lanes/wake_up.h"
#include "store/stored_deadlines.h"

namespace hilum {
namespace {

constexpr std::chrono::seconds between_looks(1);
constexpr int looks_until_kept = 60;

}  // namespace

ClockKeeper::ClockKeeper(World& world, CommitQueue& commits)
    : world_(world), commits_(commits), watch_(read_clocks(world)), timer_(world.make_timer()) {}

void ClockKeeper::start(std::function<void()> on_set) {
    on_set_ = std::move(on_set);
    look_later();
}

void ClockKeeper::look_later() {
    wake_up_after(*timer_, between_looks, [this] { look(); });
}

void ClockKeeper::look() {
    if (watch_.step_to(read_clocks(world_)) != Duration::zero())
        // The commit queue notices by itself before it works.
        commits_.submit([](Database&) {}, [this](const Result<void>&) { on_set_(); });
    if (++looks_ >= looks_until_kept) {
        looks_ = 0;
        commits_.submit([this](Database& database) { keep_time_seen(database, world_.now()); });
    }
    look_later();
}

}  // namespace hilum
