// What a rebuilt database knows of the one that was lost, by the journal of facts: so that no destination
// gets a second report of the same images, and nothing damaged is taken for what was received.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "store/database/transaction.h"
#include "store/withdrawals.h"

namespace hilum {

// ---- what is noted, within the commit of what it tells ----

void note_object(Transaction& transaction, const std::string& file, const std::string& dataset_sha256);
// `models`: keys of those that the report is of.
void note_report(Transaction& transaction, std::int64_t study, std::int64_t version,
                 const std::vector<std::string>& models);
void note_result(Transaction& transaction, const std::string& sop_instance_uid);
// resent: it is to be sent again, so that what was noted of it before counts no more.
enum class DeliveryFact { delivered, committed, resent, discarded };
void note_delivery(Transaction& transaction, std::int64_t delivery, DeliveryFact fact);
void note_withdrawal(Transaction& transaction, const EarlierWithdrawal& withdrawal);
// That an operator holds the study or, where nobody does, released it: as its row has it now.
void note_hold(Transaction& transaction, const std::string& study_instance_uid);
// All holds that stand, at each start: the journal forgets what is old, and of those of a Hilum that noted
// none it knows nothing.
void note_holds(Transaction& transaction);

// ---- what comes of it ----

struct EarlierFacts {
    std::uint64_t taken = 0, unreadable = 0;
    std::set<std::string> withdrawn;  // studies whose withdrawal the database did not know
};
// Into a new database, or one that is older than the folders: what it has of these deliveries is done
// (earlier_results.h), what was withdrawn is taken back unless it was reported again since, and what was held
// is held. Throws DatabaseFailure; code "unreadable" where the journal cannot be read.
Result<EarlierFacts> take_facts(Transaction& transaction, const std::filesystem::path& journal);

// The digest of the data set with which the file was received; nothing where no fact tells.
std::optional<std::string> earlier_digest(Transaction& transaction, const std::string& file);

// Which version the study's next report is: the last one again where it is of the same, so that its results
// are the same, else one after all that there were. `version`: by this database alone; `models`: as above.
std::int64_t version_after_earlier(Transaction& transaction, std::int64_t study, std::int64_t version,
                                   const std::vector<std::string>& models);

}  // namespace hilum
