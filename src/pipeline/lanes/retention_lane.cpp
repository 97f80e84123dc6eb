#include "pipeline/lanes/retention_lane.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <span>
#include <utility>

#include "store/audit/audit_removal.h"
#include "store/data_history.h"
#include "store/retention/forgetting.h"
#include "store/retention/removed_files.h"
#include "store/retention/retention_status.h"

namespace hilum {
namespace {

constexpr std::chrono::seconds least_between_looks(1), most_between_looks(60);
constexpr std::chrono::seconds between_fruitless_scans(2);
constexpr int scan_share = 20;  // of the time between two scans that find nothing, one part is spent on them
constexpr std::chrono::hours between_forgettings(1);
// A clock that was wrong when the machine started is usually set right within minutes; one that leapt for
// more than a day gets a day until what is old by it goes.
constexpr std::chrono::minutes until_ages_count(15);
constexpr int most_steps_of_forgetting = 500;
// What of the spool cannot be read for so long is the disk's matter: retention goes on without it.
constexpr std::chrono::hours longest_unreconciled(24);
constexpr std::chrono::hours between_sweeps(24), until_stray(1);
constexpr std::size_t swept_at_once = 200;

// How often what is too old is looked for: a tenth of the shortest age, so that none is kept much longer.
Duration between_age_passes(const RetentionSettings& settings) {
    Duration shortest = std::chrono::hours(24);
    for (const auto& age : {settings.keep, settings.keep_priors, settings.keep_replaced,
                            settings.keep_captures, settings.keep_failed})
        if (age) shortest = std::min(shortest, *age);
    return std::clamp<Duration>(shortest / 10, least_between_looks, std::chrono::hours(1));
}

std::vector<std::string> names_in(const std::filesystem::path& folder) {
    std::vector<std::string> names;
    std::error_code error;
    std::filesystem::directory_iterator entry(folder, error);
    for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error))
        names.push_back(entry->path().filename().string());
    std::ranges::sort(names);
    return names;
}

bool exceeds(std::int64_t kept, const std::optional<std::uint64_t>& budget) {
    return budget && std::cmp_greater(kept, *budget);
}

// Another budget that is worth a write: of a disk it changes with every file.
bool differs(const std::optional<std::uint64_t>& one, const std::optional<std::uint64_t>& other) {
    if (one.has_value() != other.has_value()) return true;
    if (!one) return false;
    return std::max(*one, *other) - std::min(*one, *other) > *one / 20;
}

// To the time of a unit of work that was begun since, however long ago it was read.
bool was_set_ahead(ClockWatch clock, const World& world, const Transaction& transaction) {
    return clock.step_to({transaction.now(), world.since_boot()}) > Duration::zero();
}

}  // namespace

RetentionLane::RetentionLane(World& world, CommitQueue& commits, const Configuration& configuration,
                             DataDirectory directory, std::string generation)
    : world_(world),
      commits_(commits),
      configuration_(configuration),
      directory_(std::move(directory)),
      generation_(std::move(generation)),
      wake_up_(world),
      pause_(world),
      files_(world.make_background()),
      removal_(world, commits, directory_, *files_),
      clock_watch_(read_clocks(world)),
      ages_count_from_(world.monotonic() + until_ages_count),
      reconciled_by_(world.monotonic() + longest_unreconciled) {
    next_age_pass_ = next_scan_ = next_forgetting_ = next_sweep_ = world.monotonic();
}

void RetentionLane::start(std::function<void()> on_changed) {
    removal_.start(std::move(on_changed));
    tasks_.start(run());
}

Task<void> RetentionLane::run() {
    co_await find_strays();
    for (;;) {
        while (draining_) co_await wake_up_.wait();
        co_await look();
        co_await pause_.wait_for(least_between_looks);
        const auto next_scan = std::chrono::ceil<Duration>(next_scan_ - world_.monotonic());
        co_await wake_up_.wait_for(
            short_of_room_ ? std::clamp<Duration>(next_scan, least_between_looks, most_between_looks)
                           : most_between_looks);
    }
}

// ---- files that no row names ----

Task<std::vector<std::string>> RetentionLane::list(std::filesystem::path folder) {
    Arrival<std::vector<std::string>> listed;
    files_->post([&world = world_, folder, bring = listed.bring()] {
        world.post([names = names_in(folder), bring] { bring(names); });
    });
    co_return co_await listed;
}

Task<void> RetentionLane::find_strays() {
    struct Begun {
        std::int64_t claims;
        Duration distrust, unreconciled;
    };
    const auto ask = [](Transaction& transaction) {
        return Begun{claims_so_far(transaction), distrust_of_clock(transaction),
                     ran_unreconciled(transaction, longest_unreconciled)};
    };
    auto begun = co_await committed(commits_, ask);
    // Once something is claimed, a file that no row names may be about to get one: such wait for the next
    // start.
    const bool first = begun.has_value();
    while (!begun) {
        spdlog::error("retention cannot read the database: {}", begun.error().message);
        co_await pause_.wait_for(CommitQueue::retry_after);
        begun = co_await committed(commits_, ask);
    }
    ages_count_from_ = std::max(ages_count_from_, world_.monotonic() + begun->distrust);
    reconciled_by_ -= begun->unreconciled;
    if (!first) co_return;
    const auto folder = directory_.analyses();
    const auto names = co_await list(folder);
    const auto note = [names, claims = begun->claims, generation = generation_](Transaction& transaction) {
        return note_stray_artifacts(transaction, names, generation, claims);
    };
    const auto noted = co_await committed(commits_, note);
    if (noted && *noted > 0) spdlog::info("{} files in analyses/ belong to nothing and are removed", *noted);
}

// A result lies there before its row does, for as long as it is composed: what no row names is looked at once
// more before it goes.
Task<void> RetentionLane::sweep_results() {
    auto names = std::exchange(suspects_, {});
    const bool again = !names.empty();
    const auto folder = directory_.results();
    if (!again) names = co_await list(folder);
    for (auto rest_of = std::span(names); !rest_of.empty() && !draining_;) {
        const auto some = rest_of.first(std::min(rest_of.size(), swept_at_once));
        rest_of = rest_of.subspan(some.size());
        const auto find = [some = std::vector(some.begin(), some.end()), again](Transaction& transaction) {
            auto strays = stray_results(transaction, some);
            if (again) note_stray_results(transaction, strays);
            return strays;
        };
        const auto strays = co_await committed(commits_, find);
        if (!strays) break;
        if (again && !strays->empty())
            spdlog::info("{} files in results/ belong to nothing and are removed", strays->size());
        if (!again) suspects_.insert(suspects_.end(), strays->begin(), strays->end());
        co_await rest();
    }
    if (again) co_await removal_.unlink();
    next_sweep_ = world_.monotonic() + (suspects_.empty() ? Duration(between_sweeps) : Duration(until_stray));
}

// ---- one look ----

void RetentionLane::judge_clock() {
    const auto step = clock_watch_.step_to(read_clocks(world_));
    if (step != Duration::zero())
        ages_count_from_ = std::max(
            ages_count_from_,
            world_.monotonic() + (step > clock_leap ? Duration(until_leap_counts) : until_ages_count));
}

bool RetentionLane::ages_count() const {
    return world_.monotonic() >= ages_count_from_;
}

Task<void> RetentionLane::look() {
    judge_clock();
    struct Glance {
        bool to_measure, to_remove, reconciled;
    };
    const auto glance = [](Transaction& transaction) {
        return Glance{!files_to_measure(transaction).empty(), !files_to_remove(transaction).empty(),
                      is_reconciled(transaction)};
    };
    const auto seen = co_await committed(commits_, glance);
    if (!seen) co_return;
    if (seen->to_measure) co_await measure();
    if (seen->to_remove || removal_.trouble()) co_await removal_.unlink();
    auto room = co_await look_at_room();
    if (!room) co_return;
    const auto now = world_.monotonic();
    // Before, a study may have images that no row names.
    const bool may_take = seen->reconciled || now >= reconciled_by_;
    const bool by_age = may_take && ages_count() && now >= next_age_pass_;
    bool over = exceeds(room->kept, room->budget);
    short_of_room_ = room->excess > 0;
    if (!over) scanned_over_ = false;
    // What was found while there was still room says nothing of the time when there is none.
    if (by_age || (may_take && short_of_room_ && (now >= next_scan_ || (over && !scanned_over_)))) {
        scanned_over_ = over;
        co_await remove(*room, by_age);
        const auto took = world_.monotonic() - now;
        if (by_age) next_age_pass_ = world_.monotonic() + between_age_passes(configuration_.retention);
        short_of_room_ = bytes_to_go(room->kept, room->budget, configuration_.retention) > 0;
        if (short_of_room_)
            next_scan_ = world_.monotonic() +
                         std::max<Duration>(between_fruitless_scans,
                                            std::chrono::duration_cast<Duration>(took) * scan_share);
        over = exceeds(room->kept, room->budget);
    } else if (over) {
        over = told_over_;  // nothing was found a moment ago
    }
    co_await keep(*room, over);
    if (!may_take || !ages_count()) co_return;
    if (world_.monotonic() >= next_forgetting_) co_await forget();
    if (seen->reconciled && world_.monotonic() >= next_sweep_) co_await sweep_results();
}

Task<void> RetentionLane::measure() {
    for (;;) {
        const auto ask = [](Transaction& transaction) { return files_to_measure(transaction); };
        auto files = co_await committed(commits_, ask);
        if (!files || files->empty()) co_return;
        Arrival<std::vector<MeasuredFile>> arrival;
        files_->post([&world = world_, files = *files, directory = directory_, bring = arrival.bring()] {
            std::vector<MeasuredFile> measured;
            for (const auto& file : files) {
                const auto size = world.files().size(path_of(directory, file));
                if (size || size.error().code == "not_found")
                    measured.push_back({file, static_cast<std::int64_t>(size.value_or(0))});
            }
            world.post([measured = std::move(measured), bring] { bring(measured); });
        });
        const auto measured = co_await arrival;
        const auto write = [measured](Transaction& transaction) { keep_measured(transaction, measured); };
        const auto kept = co_await committed(commits_, write);
        if (!kept || measured.size() < files->size()) co_return;  // the next look tries again
        co_await rest();
    }
}

Task<std::optional<RetentionLane::Room>> RetentionLane::look_at_room() {
    Arrival<Result<std::uint64_t>> arrival;
    files_->post([&world = world_, root = directory_.root, bring = arrival.bring()] {
        world.post([free = world.files().free_space(root), bring] { bring(free); });
    });
    const auto free = co_await arrival;
    const auto ask = [](Transaction& transaction) { return kept_bytes(transaction).all(); };
    const auto kept = co_await committed(commits_, ask);
    if (!kept) co_return std::nullopt;
    Room room{*kept, std::nullopt, 0};
    // Where nobody can tell how much is free, what was set counts.
    const auto& settings = configuration_.retention;
    if (free)
        room.budget = budget_now(settings, static_cast<std::uint64_t>(std::max<std::int64_t>(*kept, 0)),
                                 *free, configuration_.scp.min_free_space);
    else if (settings.budget_kind == BudgetKind::bytes)
        room.budget = settings.budget;
    room.excess = bytes_to_go(room.kept, room.budget, settings);
    co_return room;
}

// `room` is then as the removal leaves it; as much may have been received meanwhile: the next look sees.
Task<void> RetentionLane::remove(Room& room, bool by_age) {
    RemovalRules rules{configuration_.retention, by_age, room.excess > 0, configuration_.study.idle_timeout};
    const auto went = [&room](std::int64_t bytes) {
        room.kept -= bytes;
        room.excess -= bytes;
    };
    for (const auto remove_files : {&remove_replaced_objects, &remove_sent_captures})
        for (bool through = false; !through && !draining_;) {
            const auto step = co_await remove_some(rules, remove_files);
            if (!step) co_return;
            went(step->bytes);
            through = step->through;
            if (step->removed > 0) co_await removal_.unlink();
        }
    StudyCursor cursor;
    for (bool through = false; !through && !draining_ && (by_age || room.excess > 0);) {
        rules.for_budget = room.excess > 0;
        const Removal remove_from = [cursor, enough = room.excess](Transaction& transaction,
                                                                   const RemovalRules& its) {
            return remove_studies(transaction, cursor, its, enough);
        };
        const auto step = co_await remove_some(rules, remove_from);
        if (!step) co_return;
        went(step->bytes);
        cursor = step->cursor;
        through = step->through;
        if (step->removed > 0) co_await removal_.unlink();
        co_await rest();
    }
}

// The clock may be set at any time in a pass.
Task<std::optional<RemovalStep>> RetentionLane::remove_some(RemovalRules rules, Removal removal) {
    judge_clock();
    rules.ages_count = rules.ages_count && ages_count();
    const auto work = [rules, removal = std::move(removal), clock = clock_watch_,
                       &world = world_](Transaction& transaction) {
        auto its = rules;
        its.ages_count = rules.ages_count && !was_set_ahead(clock, world, transaction);
        return removal(transaction, its);
    };
    const auto step = co_await committed(commits_, work);
    if (!step) {
        spdlog::error("retention cannot remove: {}", step.error().message);
        co_return std::nullopt;
    }
    co_return *step;
}

Task<void> RetentionLane::keep(Room room, bool over) {
    if (told_ && over == told_over_ && !differs(told_budget_, room.budget)) co_return;
    if (over && !told_over_)
        spdlog::warn(
            "{} MiB are kept, retention's budget is {} MiB, and nothing of it may go yet: it was not "
            "delivered, "
            "is held or waits for an operator",
            room.kept >> 20, *room.budget >> 20);
    else if (!over && told_over_)
        spdlog::info("what is kept is within retention's budget again");
    const auto write = [budget = room.budget, over](Transaction& transaction) {
        keep_look(transaction, budget, over);
    };
    const auto kept = co_await committed(commits_, write);
    if (!kept) co_return;
    told_ = true;
    told_over_ = over;
    told_budget_ = room.budget;
}

// ---- rows ----

Task<void> RetentionLane::forget() {
    for (int steps = 0; steps < most_steps_of_forgetting && !draining_; ++steps) {
        if (co_await forget_some() == 0) break;
        co_await rest();
    }
    co_await removal_.unlink();  // what was set aside
    removal_.remove_empty_days();
    for (int steps = 0; steps < most_steps_of_forgetting && !draining_; ++steps) {
        const auto work = [](Transaction& transaction) { return give_back_pages(transaction); };
        const auto more = co_await committed(commits_, work);
        if (!more || !*more) break;
        co_await rest();
    }
    next_forgetting_ =
        world_.monotonic() + std::min<Duration>(between_forgettings, configuration_.retention.remember);
}

Task<int> RetentionLane::forget_some() {
    judge_clock();
    if (!ages_count()) co_return 0;
    const auto work = [retention = configuration_.retention, audit = configuration_.audit,
                       clock = clock_watch_, &world = world_](Transaction& transaction) {
        if (was_set_ahead(clock, world, transaction)) return 0;
        int forgotten = forget_studies(transaction, retention.remember);
        forgotten += forget_records(transaction, retention.remember);
        if (retention.keep_failed) {
            forgotten += forget_refusals(transaction, *retention.keep_failed);
            forgotten += remove_set_aside(transaction, *retention.keep_failed);
        }
        if (audit.keep) forgotten += remove_old_audit_events(transaction, *audit.keep, audit.keep_unsent);
        return forgotten;
    };
    const auto forgotten = co_await committed(commits_, work);
    if (!forgotten) spdlog::error("retention cannot forget: {}", forgotten.error().message);
    co_return forgotten ? *forgotten : 0;
}

}  // namespace hilum
