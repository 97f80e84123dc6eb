#include "pipeline/control/commit_watch.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "base/clock.h"
#include "pipeline/wake_up.h"

namespace hilum {

CommitWatch::CommitWatch(World& world, CommitQueue& commits)
    : world_(world), commits_(commits), timer_(world.make_timer()) {}

void CommitWatch::start(std::function<void()> on_changed) {
    on_changed_ = std::move(on_changed);
    look();
}

bool CommitWatch::goes_on() {
    return std::exchange(went_on_, goes_on_);
}

void CommitWatch::look() {
    const bool went_before = std::exchange(goes_on_, commits_.goes_on());
    went_on_ = went_on_ || goes_on_;
    const bool stands = !goes_on_ && !went_before;
    if (stands && !trouble_) {
        trouble_ = NodeTrouble{"database",
                               "commits stand: the disk under the database or the journal of facts does not "
                               "answer, or one commit takes very long",
                               to_iso8601(world_.now())};
        spdlog::error("{}", trouble_->message);
        on_changed_();
    } else if (goes_on_ && trouble_) {
        trouble_.reset();
        spdlog::info("commits go on");
        on_changed_();
    }
    wake_up_after(*timer_, between_looks, [this] { look(); });
}

}  // namespace hilum
