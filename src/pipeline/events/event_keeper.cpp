#include "pipeline/events/event_keeper.h"

#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <utility>
#include <vector>

#include "store/receiver_events.h"

namespace hilum {
namespace {

std::string numbers_text(const std::map<std::string, std::int64_t>& by_kind) {
    std::vector<std::string> all;
    for (const auto& [kind, number] : by_kind) all.push_back(fmt::format("{} {}", number, kind));
    return fmt::format("{}", fmt::join(all, ", "));
}

}  // namespace

EventKeeper::EventKeeper(World& world, CommitQueue& commits)
    : world_(world), commits_(commits), timer_(world.make_timer()) {}

// Behind those that wait, and with them.
void EventKeeper::keep(const std::string& kind, Work work, std::int64_t events) {
    Event event{kind, std::move(work), events, world_.since_boot()};
    if (waiting_.empty()) return submit(next_++, std::move(event));
    wait(next_++, std::move(event));
}

void EventKeeper::submit(std::int64_t number, Event event) {
    if (event.waited) ++tried_again_;
    const auto happened = event.happened;
    auto work = event.work;
    commits_.submit_happened(happened, std::move(work),
                             [this, number, event = std::move(event)](const Result<void>& kept) mutable {
                                 done(number, std::move(event), kept);
                             });
}

void EventKeeper::done(std::int64_t number, Event event, const Result<void>& kept) {
    if (event.waited) --tried_again_;
    const bool passes = !kept && kept.error().retry != Retry::never;
    if (passes) {
        begin_trouble(kept.error());
        wait(number, std::move(event));
    } else {
        if (!kept)
            spdlog::error("cannot write {} into the audit trail: {}", event.kind, kept.error().message);
        if (event.waited) --waited_of_kind_[event.kind];
    }
    go_on(!passes);
}

void EventKeeper::wait(std::int64_t number, Event event) {
    if (!std::exchange(event.waited, true)) {
        auto& of_kind = waited_of_kind_[event.kind];
        if (of_kind >= most_of_a_kind) {
            left_out_[event.kind] += event.events;
            return;
        }
        ++of_kind;
    }
    waiting_.emplace(number, std::move(event));
}

void EventKeeper::begin_trouble(const Error& why) {
    if (trouble_) return;
    spdlog::error(
        "the audit trail cannot be written: {}; events wait until it can, and nothing is shown over HTTP",
        why.message);
    trouble_ =
        NodeTrouble{"audit", "events wait for the audit trail: " + why.message, to_iso8601(world_.now())};
    changed_();
}

// One is tried first, so that a disk that stays full costs little.
void EventKeeper::go_on(bool database_writes) {
    if (!trouble_ || tried_again_ > 0) return;
    if (waiting_.empty()) return recovered();
    if (database_writes) return try_all();
    timer_->start(retry_after, [this] { try_first(); });
}

void EventKeeper::try_first() {
    if (waiting_.empty()) return go_on(true);
    auto first = waiting_.extract(waiting_.begin());
    submit(first.key(), std::move(first.mapped()));
}

void EventKeeper::try_all() {
    timer_->cancel();
    for (auto& [number, event] : std::exchange(waiting_, {})) submit(number, std::move(event));
}

void EventKeeper::recovered() {
    timer_->cancel();
    trouble_.reset();
    spdlog::warn("the audit trail is written again, with what waited");
    if (!left_out_.empty())
        spdlog::error("left out of the audit trail meanwhile: {}", numbers_text(left_out_));
    for (const auto& [kind, number] : std::exchange(left_out_, {})) {
        const auto sort = kind + ", while the database could not be written";
        keep(
            "events_left_out",
            [sort, number = number](Transaction& transaction) { record_left_out(transaction, sort, number); },
            number);
    }
    changed_();
}

void EventKeeper::try_now() {
    if (trouble_) try_all();
}

void EventKeeper::tell_lost() const {
    auto lost = left_out_;
    for (const auto& [number, event] : waiting_) lost[event.kind] += event.events;
    if (!lost.empty())
        spdlog::critical("lost for the audit trail, which could not be written: {}", numbers_text(lost));
}

}  // namespace hilum
