// What the database knows of destinations beside their deliveries. Called within a commit.
#pragma once

#include <string>

#include "contract/configuration.h"
#include "store/database/transaction.h"

namespace hilum {

bool is_paused(Transaction& transaction, const std::string& destination);

// Nothing is sent to a paused destination; what is made for it waits, and grows no older (give_up_after
// counts anew from the resumption). False where it was so already.
bool pause_destination(Transaction& transaction, const std::string& destination, const std::string& actor);
bool resume_destination(Transaction& transaction, const std::string& destination, const std::string& actor);

// The destination is away; unless it is paused, gives up what was tried first longer than give_up_after ago,
// and where it has been away for so long, what waits since then or longer. `why`: what its last failure was.
// How many.
int expire_deliveries(Transaction& transaction, const DestinationSettings& destination,
                      const std::string& why);

// It is there: what has not been tried waits for its turn alone.
void note_answer(Transaction& transaction, const std::string& destination);

// It was delivered: where it is for the first time, the time since the receipt of the study's first image is
// counted.
void note_delivered(Transaction& transaction, const std::string& destination, std::int64_t delivery);

}  // namespace hilum
