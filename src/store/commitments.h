// Storage Commitment of results: which are to be asked for, what a destination answered. Called within a
// commit.
//
// A delivery's commitment is "" (its destination is not asked), wanted, requested, committed, failed (it is
// not kept) or expired (no answer came): the outcome of a job of the lane commit/DESTINATION, whose subject
// is the delivery. It is not claimed as others are: one request is of many, and its answer may come after a
// restart, on another association. So what was requested stays queued, and is due again after
// commitment_wait. While a destination is asked, only what it committed itself to may be deleted here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "contract/configuration.h"
#include "contract/messages/receiving.h"
#include "contract/messages/sending.h"
#include "store/database/transaction.h"

namespace hilum {

inline constexpr std::chrono::seconds commitment_gathering{2};  // the results of one study make one request
inline constexpr int most_requested_commitments = 100;          // instances of one request

// A delivered result's commitment is wanted from now on.
void want_commitment(Transaction& transaction, std::int64_t delivery);

// Where it is wanted: the destination said so to an earlier life of this database.
void know_committed(Transaction& transaction, const std::string& destination, std::int64_t delivery);

// It is to be sent again: what was answered is of no account.
void want_no_commitment(Transaction& transaction, std::int64_t delivery);

// The destination answers again after it was away, and what it was asked before may be lost with that:
// nothing is given up before it was asked for once more. Takes up to most_taken_up of them (jobs/claim.h);
// returns how many.
int ask_commitments_anew(Transaction& transaction, const std::string& destination);

// At start: what no destination is asked for any more, since the configuration changed, waits for no answer,
// nor for an operator.
// `asked`: the names of the destinations that are; they may have been away.
void take_up_commitments(Transaction& transaction, const std::vector<std::string>& asked);

struct CommitmentClaim {
    std::optional<CommitmentRequest> request;
    std::optional<std::int64_t> next_at;  // without one: when there will be one
};
// The next request: what is wanted, or was requested without an answer for commitment_wait. It counts as
// requested from here on, so that an interrupted one is asked anew. Nothing while the destination is paused.
// What was delivered longer than give_up_after ago, and asked for, is asked for no more: it waits, set aside,
// for an operator (orders.h), or for the destination's late answer. Where a request would be of nothing else,
// nothing is asked yet, and next_at has passed.
CommitmentClaim claim_commitment(Transaction& transaction, const DestinationSettings& destination);

// The destination did not take the request: it is made again after `delay`. Until then it is asked for
// nothing else either (claim_sending).
void keep_refused_commitment(Transaction& transaction, const std::string& destination,
                             const CommitmentRequest& request, Duration delay, const std::string& why);

// A report that came, of whichever destination was asked. False: no transaction of ours has its UID.
bool take_commitment_report(Transaction& transaction, const CommitmentReport& report,
                            const std::vector<DestinationSettings>& destinations);

// The name of the destination that was asked; nothing when no transaction of ours has that UID.
std::optional<std::string> destination_of_transaction(Transaction& transaction,
                                                      const std::string& transaction_uid);

// A destination's answer. What it does not keep is sent again (judge_uncommitted), also where the same report
// calls it committed.
void keep_commitment_report(Transaction& transaction, const CommitmentReport& report,
                            const DestinationSettings& destination);

}  // namespace hilum
