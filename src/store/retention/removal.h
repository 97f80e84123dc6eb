// What retention takes off the disk: the files of studies that are finished, and of objects in whose place a
// newer version came. Called within a commit.
//
// A study is finished when nothing of it waits or is at work: its report was made where one was due, every
// result was delivered, and committed where that was asked. What is set aside for an operator has an age of
// its own, which no budget shortens. What an operator holds does not go. After a loss of the database ages
// count from then: what it did not lose it found, as old as files are, and nobody knows what waited.
//
// The commit says in the rows which files are gone and notes their names (removed_files.h); who made it
// unlinks them afterwards. The rows remain until the study is forgotten (forgetting.h).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "contract/enum_text.h"
#include "contract/retention_settings.h"
#include "store/database/transaction.h"

namespace hilum {

enum class RemovalReason { age, prior, replaced, delivered, failed, budget };
template <>
inline constexpr auto enum_texts<RemovalReason> = texts_of_enum<RemovalReason>({
    {RemovalReason::age, "age"},
    {RemovalReason::prior, "prior"},
    {RemovalReason::replaced, "replaced"},
    {RemovalReason::delivered, "delivered"},
    {RemovalReason::failed, "failed"},
    {RemovalReason::budget, "budget"},
});

struct RemovalRules {
    RetentionSettings settings;
    bool ages_count = true;   // false: the wall clock is not to be trusted yet
    bool for_budget = false;  // what is finished goes, the oldest first
    Duration quiet{0};        // for so long nothing happened to what goes for the budget
};

// A study as retention sees it.
struct StoredStudy {
    std::int64_t id = 0, received_at = 0;
    std::string study_instance_uid;
    bool held = false;
    bool busy = false;         // something waits, is at work or is due
    bool failed = false;       // something waits for an operator
    bool only_priors = false;  // and what came in their place: nothing was to be analysed
    std::int64_t last_at = 0;  // when something happened to it last, or known_since (data_history.h)
};

// Why it goes now; nothing: it does not.
std::optional<RemovalReason> why_removed(const StoredStudy& study, const RemovalRules& rules, Timestamp now);

struct StudyCursor {  // in the order in which studies received something last
    std::int64_t received_at = INT64_MIN, id = 0;
};
inline constexpr int most_examined = 100;

// The next studies with files after `cursor`, the oldest first, at most most_examined.
std::vector<StoredStudy> studies_on_disk(Transaction& transaction, const StudyCursor& cursor);

struct RemovedBytes {
    std::int64_t files = 0, bytes = 0;
};
RemovedBytes files_of(Transaction& transaction, std::int64_t study);
using FilesByStudy = std::map<std::int64_t, RemovedBytes>;

struct RemovalStep {
    StudyCursor cursor;      // where the next step goes on
    bool through = false;    // there is nothing more to examine
    int removed = 0;         // studies, or replaced objects
    std::int64_t bytes = 0;  // that they had
};
// Examines some studies from `cursor` on. Goes no further than to `enough` bytes where the budget asks. Each
// study is audited ("study_removed") and counted.
RemovalStep remove_studies(Transaction& transaction, const StudyCursor& cursor, const RemovalRules& rules,
                           std::int64_t enough);

// Objects in whose place a newer version came, some of them at a time. Audited, an event for each study
// ("replaced_objects_removed"), and counted.
RemovalStep remove_replaced_objects(Transaction& transaction, const RemovalRules& rules);
FilesByStudy replaced_objects_due(Transaction& transaction, const RemovalRules& rules);  // all of them

// Captures of finished studies, some of them at a time: they are large, every destination has them, and the
// composer makes the same bytes again when one is to be sent again (damaged_results.h). Likewise
// ("captures_removed").
RemovalStep remove_sent_captures(Transaction& transaction, const RemovalRules& rules);
FilesByStudy sent_captures_due(Transaction& transaction, const RemovalRules& rules);  // all of them

// Where the selected study (or studies with that accession number, or the study of that job) have no file any
// more: since when, in words for who wants something made of them; empty: they have.
std::string words_for_removed(Transaction& transaction, const std::string& study_instance_uid,
                              const std::string& accession_number);
std::string words_for_removed_job(Transaction& transaction, const std::string& kind, std::int64_t id);

}  // namespace hilum
