#include "pipeline/receiving/lack_of_receivers.h"

#include <utility>

#include "base/clock.h"

namespace hilum {

LackOfReceivers::LackOfReceivers(World& world, std::function<void()> on_changed)
    : world_(world), on_changed_(std::move(on_changed)), timer_(world.make_timer()) {}

void LackOfReceivers::turned_away() {
    timer_->start(lasts, [this] { let_in(); });
    if (trouble_) return;
    trouble_ =
        NodeTrouble{"receiving",
                    "connections are turned away, since no process can be started for them; look after "
                    "memory, and how many processes and descriptors there may be (TasksMax= of the "
                    "unit); the log has the system's word",
                    to_iso8601(world_.now())};
    on_changed_();
}

void LackOfReceivers::let_in() {
    if (!std::exchange(trouble_, std::nullopt)) return;
    timer_->cancel();
    on_changed_();
}

}  // namespace hilum
