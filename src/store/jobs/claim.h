// The right to work on a job: the only key to finish it, fail it or give it
// back. Whoever has one writes only while the job is still his: after its lease
// ran out and somebody else took the job up, or after an operator took it off
// the queue, a claim is stale, and what is written with it is nothing.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/units.h"
#include "contract/configuration.h"
#include "store/database/transaction.h"
#include "store/jobs/states.h"

namespace hilum {

class Claim {
  public:
    Claim(Claim&& other) noexcept { *this = std::move(other); }
    Claim& operator=(Claim&& other) noexcept {
        lane_ = other.lane_;
        id_ = std::exchange(other.id_, 0);
        job_ = std::exchange(other.job_, 0);
        attempt_ = other.attempt_;
        owner_ = other.owner_;
        number_ = other.number_;
        return *this;
    }

    Lane lane() const { return lane_; }
    std::int64_t id() const { return id_; }    // its row in the queue
    std::int64_t job() const { return job_; }  // what people number it by; 0 where the claim was moved away
    int attempt() const { return attempt_; }   // from 1; counted before the work is touched
    std::int64_t owner() const { return owner_; }    // the life of the node in which it was claimed
    std::int64_t number() const { return number_; }  // of the claim; none is given twice

  private:
    friend Claim claim_row(Transaction& transaction, Lane lane, const std::string& queue, std::int64_t row,
                           Duration lease);
    Claim(Lane lane, std::int64_t id, std::int64_t job, int attempt, std::int64_t owner, std::int64_t number)
        : lane_(lane), id_(id), job_(job), attempt_(attempt), owner_(owner), number_(number) {}
    Lane lane_ = Lane::analysis;
    std::int64_t id_ = 0;
    std::int64_t job_ = 0;
    int attempt_ = 0;
    std::int64_t owner_ = 0, number_ = 0;
};

// The job of `subject` in this lane is queued, as if it had never been touched.
void queue_job(Transaction& transaction, Lane lane, const std::string& queue, std::int64_t subject,
               std::int64_t study);

// This row of the lane's queue, which is due. `queue`: the analyses' model, the
// deliveries' destination; nothing of reports. Unless the lease is renewed, the
// job is taken up again when it has passed. `lease`: `shortest_lease` or more.
Claim claim_row(Transaction& transaction, Lane lane, const std::string& queue, std::int64_t row,
                Duration lease);

// The analysis or report that is due, urgent ones first, then that of the study
// that came first. What is tried again keeps its place: its attempts and their
// delays are bounded, so that it holds up no later study for ever. A study's
// reports are claimed one after the other, and none of `studies_at_work`, where
// somebody may still work on one that was taken from him. Deliveries have an
// order of their own (delivery_order.h).
std::optional<Claim> claim_next(Transaction& transaction, Lane lane, const std::string& queue, Duration lease,
                                const std::set<std::int64_t>& studies_at_work = {});

// When the next queued job will be due, or was; nothing where none is queued.
std::optional<std::int64_t> next_due(Transaction& transaction, Lane lane, const std::string& queue);

// Whether the claim still stands.
bool stands(Transaction& transaction, const Claim& claim);

// Whether it stands again: it was taken up for its lease's sake, and nobody has claimed it since.
bool hold_again(Transaction& transaction, const Claim& claim);

// Progress was made: the lease begins anew. False: the claim is stale.
bool renew(Transaction& transaction, const Claim& claim, Duration lease);

// The job ended in `state`, with the error that goes with it or none. False:
// the claim is stale.
bool finish(Transaction& transaction, const Claim& claim, JobState state, const Error& error = {});

// It goes back to its queue, and is due again at `due`. False: the claim is
// stale.
bool give_back(Transaction& transaction, const Claim& claim, std::int64_t due, const Error& error);

// The node lacks what the job needs: it goes back to its queue as if it had not been touched, but for a delay
// that doubles, from the first to the longest. False: the claim is stale.
bool wait_for_the_node(Transaction& transaction, const Claim& claim, const Error& error, Duration first_delay,
                       Duration longest_delay);

// What failed goes back to the queue with a delay, or is quarantined when
// trying again cannot help or has been tried often enough. Trouble of the node
// (Retry::once_mended) is waited out, however long, and is no attempt; but for a
// job that has met it for `retry.trouble_limit` while others of its lane ended
// well: then it is the job's own, unless the disk is full. Not of deliveries
// (delivery_verdict.h). Returns the state it is in now; nothing: the claim is
// stale.
std::optional<JobState> fail_claimed(Transaction& transaction, const Claim& claim, const Error& error,
                                     const RetrySettings& retry);

// Jobs whose lease has passed have lost their owner. Each goes back to its
// queue at once; the attempt is told, and counts as no failure. One that was
// interrupted too often is quarantined, so that a poisonous image cannot stop
// the node for ever. At most `most_taken_up` in one go; returns how many there were.
int take_up_expired(Transaction& transaction);
inline constexpr int most_taken_up = 1000;

// In how long the first lease of what runs passes, never less than zero; nothing where nothing runs.
std::optional<Duration> next_expiry(Transaction& transaction);

// Every lease is longer, so that one that was given after a look at `next_expiry` cannot pass sooner after
// it.
inline constexpr std::chrono::seconds shortest_lease(60);

// After a claim of which the database could not say whether it was kept: jobs of the lane that this life has
// claimed, but for those `at_work` (their rows), go back as if they had not been. Nobody else knows of them.
void give_back_unknown(Transaction& transaction, Lane lane, const std::string& queue,
                       const std::set<std::int64_t>& at_work);

// Whether an earlier attempt in this row of troubles was told already, so that hours of them are one event.
bool has_told_trouble(Transaction& transaction, const Claim& claim);

// At start: a life of the node begins, and the same becomes of what earlier ones had claimed.
void take_up_all(Transaction& transaction);

}  // namespace hilum
