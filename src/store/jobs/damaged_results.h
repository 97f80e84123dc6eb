// Results whose files are not what was composed. Called within a commit.
#pragma once

#include <cstdint>
#include <string>

#include "contract/messages/composing.h"
#include "store/database/transaction.h"
#include "store/jobs/claim.h"

namespace hilum {

// Error code of a delivery that waits until its result is composed anew.
inline constexpr const char* result_damaged = "result_damaged";
// Of one that was refused since what was composed anew is not what its destination may have.
inline constexpr const char* result_differs = "result_differs";
inline constexpr int most_composed_anew = 3;  // times because of one result

// What is to become of a delivery whose file is damaged. queued: the composer makes the report of its result
// once more, the same bytes under the same UID, since all that they are made from is kept; or the study's
// images are at work, and it is seen then. discarded: that was done most_composed_anew times and left this
// result out: an image was replaced meanwhile, and a newer version tells. With its last delivery such a file
// counts as removed. refused: it was done as often, or the report cannot be made any more. Audited
// ("result_damaged") once, however often it is tried until then, but for a capture whose file retention took
// on purpose (retention/removal.h).
JobState compose_anew(Transaction& transaction, const Claim& delivery, const std::string& message);

// A delivery is discarded whose file was found missing or damaged: nobody makes it again, so that with the
// last delivery that waits it counts as removed, for whoever would send it or check its file.
// `of_the_past`: because a newer version was made; a picture that is told of once more is then made again.
void give_up_file(Transaction& transaction, std::int64_t delivery, bool of_the_past);

// What the composer has made anew for a result of the report, or names of another version, which stands as it
// is and is left alone: its digest is the one that is known, or becomes it where no
// destination can have seen the other bytes. Another one is audited ("result_differs") and never sent: the
// deliveries that wait for it are refused (result_differs), and a picture counts as one that retention took,
// so that it is made again where it is asked for once more.
void note_composed_anew(Transaction& transaction, std::int64_t report, const ComposedResult& result);

// As a result's row keeps it (result.made_with).
std::string text_of(const MadeWith& with);

}  // namespace hilum
