// What the database knows of destinations beside their deliveries. Called within a commit.
#pragma once

#include <string>

#include "base/clock.h"
#include "contract/configuration.h"
#include "store/database/transaction.h"

namespace hilum {

bool is_paused(Transaction& transaction, const std::string& destination);

// Nothing is sent to a paused destination; what is made for it waits, and grows no older (give_up_after
// counts anew from the resumption). False where it was so already.
bool pause_destination(Transaction& transaction, const std::string& destination, const std::string& actor);
// Takes up to most_taken_up of what waits (jobs/claim.h), and is to be called, with the same `ordered_at`,
// until it does not `go_on`: as long it stays paused.
enum class Resumption { was_not_paused, goes_on, resumed };
Resumption resume_destination(Transaction& transaction, const std::string& destination,
                              const std::string& actor, Timestamp ordered_at);

// The destination is away; unless it is paused, gives up what was tried first longer than give_up_after ago,
// and where it has been away for so long, what waits since then or longer. `why`: what its last failure was.
// How many; at most most_taken_up of them in one go.
int expire_deliveries(Transaction& transaction, const DestinationSettings& destination,
                      const std::string& why);

// It is there: what has not been tried waits for its turn alone.
void note_answer(Transaction& transaction, const std::string& destination);

// It was delivered: where it is for the first time, the time since the receipt of the study's first image is
// counted.
void note_delivered(Transaction& transaction, const std::string& destination, std::int64_t delivery);

}  // namespace hilum
