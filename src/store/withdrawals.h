// Taking a study's results back: what was not sent is not sent any more, and what destinations may have is
// named in a note to each (results/withdrawal_note.h). Called within a commit.
#pragma once

#include <cstdint>
#include <string>

#include "contract/messages/composing.h"
#include "store/database/transaction.h"

namespace hilum {

struct WithdrawalOrder {
    std::string study_instance_uid, accession_number;  // one, or both of the same study
    std::string reason;                                // quality | safety | moved_away | patient_changed
    std::string note;                                  // what went wrong, for those who read it
};

// Opens a withdrawal, which is a version of the study's report, for each model that has results there that
// stand; what was about to be made is not made. From then on late images make no new report, unless the
// reason is a correction (is_correction()); that an operator asks for an analysis again (`hilum jobs retry`)
// does. How many studies had something to take back.
int withdraw_results(Transaction& transaction, const WithdrawalOrder& order, const std::string& actor);

// A withdrawal as the journal of facts tells it (recovery/earlier_life.h).
struct EarlierWithdrawal {
    std::string study_instance_uid;
    std::int64_t at = 0, number = 1,
                 version = 0;  // number: of the study's; version: 0, of a Hilum that noted none
    std::string reason, note;  // empty: of such a one
};
// Where this database does not know of it: what withdraw_results did then, so that a note that goes out is
// the same one. Without a reason none does. A study that is not known is withdrawn before it comes. The
// caller audits it. False: it was known.
bool withdraw_again(Transaction& transaction, const EarlierWithdrawal& earlier);

// What withdraw_results would take back now, a study each: {"study_instance_uid", "accession_number",
// "study_date", "reports": [{"model", "version", "state"}], "notes_to": [destinations that may have results,
// which get a note], "not_sent": results that wait and are not sent then}.
nlohmann::json preview_of_withdrawal(Transaction& transaction, const WithdrawalOrder& order);

bool is_withdrawn(Transaction& transaction, std::int64_t study);

// What the withdrawal that is `report` takes back: results that were sent, or that may have been.
Withdrawal withdrawal_of(Transaction& transaction, std::int64_t report);

}  // namespace hilum
