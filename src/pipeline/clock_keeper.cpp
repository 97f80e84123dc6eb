#include "pipeline/clock_keeper.h"

#include "pipeline/lanes/wake_up.h"
#include "store/stored_deadlines.h"

namespace hilum {
namespace {

constexpr std::chrono::seconds between_looks(1);
constexpr int looks_until_kept = 60;

}  // namespace

ClockKeeper::ClockKeeper(boost::asio::io_context& loop, CommitQueue& commits, std::function<void()> on_set)
    : commits_(commits), on_set_(std::move(on_set)), timer_(loop) {}

void ClockKeeper::look_later() {
    wake_up_after(timer_, between_looks, [this] { look(); });
}

void ClockKeeper::look() {
    if (watch_.step_to(read_clocks()) != Duration::zero())
        // The commit queue notices by itself before it works.
        commits_.submit([](Transaction&) {}, [this](const Result<void>&) { on_set_(); });
    if (++looks_ >= looks_until_kept) {
        looks_ = 0;
        commits_.submit([](Transaction& transaction) { keep_time_seen(transaction); });
    }
    look_later();
}

}  // namespace hilum
