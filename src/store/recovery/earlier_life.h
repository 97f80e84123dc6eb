// What a rebuilt database knows of the one that was lost, by the journal of facts: so that no destination
// gets a second report of the same images, and nothing damaged is taken for what was received.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "store/database/transaction.h"

namespace hilum {

// ---- what is noted, within the commit of what it tells ----

void note_object(Transaction& transaction, const std::string& file, const std::string& dataset_sha256);
void note_report(Transaction& transaction, std::int64_t study, std::int64_t version);
void note_result(Transaction& transaction, const std::string& sop_instance_uid);
void note_delivery(Transaction& transaction, std::int64_t delivery, bool committed = false);
// `reported_anew`: what was withdrawn is to be reported again.
void note_withdrawal(Transaction& transaction, const std::string& study_instance_uid,
                     std::int64_t withdrawals);

// ---- what comes of it ----

struct EarlierFacts {
    std::uint64_t taken = 0, unreadable = 0;
};
// Into a new database, or one that is older than the folders; what it has of these deliveries is done. Throws
// DatabaseFailure; code "unreadable" where the journal cannot be read.
Result<EarlierFacts> take_facts(Transaction& transaction, const std::filesystem::path& journal);

// The digest of the data set with which the file was received; nothing where no fact tells.
std::optional<std::string> earlier_digest(Transaction& transaction, const std::string& file);

// Which version the study's next report is: the last one again where it is of the same, so that its results
// are the same, else one after all that there were. `version`: by this database alone.
std::int64_t version_after_earlier(Transaction& transaction, std::int64_t study, std::int64_t version);

// Deliveries of the report's results that happened before are done; 0: of all.
void settle_earlier_deliveries(Transaction& transaction, std::int64_t report);

}  // namespace hilum
