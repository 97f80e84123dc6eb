#include "pipeline/clock_keeper.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "pipeline/wake_up.h"
#include "store/jobs/claim.h"
#include "store/stored_deadlines.h"

namespace hilum {
namespace {

constexpr std::chrono::seconds between_looks(1);
constexpr int looks_until_kept = 60;
constexpr Duration between_take_ups = std::chrono::seconds(30);
static_assert(between_take_ups < shortest_lease);

}  // namespace

// As they are after a look at them.
struct ClockKeeper::Leases {
    int taken_up = 0;
    std::optional<Duration> next;  // passes in so long
};

ClockKeeper::ClockKeeper(World& world, CommitQueue& commits)
    : world_(world), commits_(commits), watch_(read_clocks(world)), timer_(world.make_timer()) {}

void ClockKeeper::start(std::function<void()> on_changed) {
    on_changed_ = std::move(on_changed);
    look_later();
}

void ClockKeeper::look_later() {
    wake_up_after(*timer_, between_looks, [this] { look(); });
}

void ClockKeeper::look() {
    if (watch_.step_to(read_clocks(world_)) != Duration::zero()) {
        // The commit queue notices by itself before it works.
        commits_.submit([](Transaction&) {}, [this](const Result<void>&) { on_changed_(); });
        next_take_up_ = Duration::zero();
    }
    if (++looks_ >= looks_until_kept) {
        looks_ = 0;
        commits_.submit([](Transaction& transaction) { keep_time_seen(transaction); });
    }
    if (world_.since_boot() >= next_take_up_) take_up();
    look_later();
}

void ClockKeeper::take_up() {
    if (taking_up_) return;  // the database is busy
    taking_up_ = true;
    commits_.submit(
        [](Transaction& transaction) {
            const int taken_up = take_up_expired(transaction);
            return Leases{taken_up, next_expiry(transaction)};
        },
        [this](const Result<Leases>& leases) { taken_up(leases); });
}

// What failed, and what is still expired because there was so much of it, is looked at again in a second.
void ClockKeeper::taken_up(const Result<Leases>& leases) {
    taking_up_ = false;
    next_take_up_ = Duration::zero();
    if (!leases) return;
    next_take_up_ = world_.since_boot() + std::min(leases->next.value_or(between_take_ups), between_take_ups);
    if (leases->taken_up == 0) return;
    spdlog::warn("{} jobs lost their owner and are taken up again", leases->taken_up);
    on_changed_();
}

}  // namespace hilum
