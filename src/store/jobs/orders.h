// What operators ask for by hand. Called within a commit; each tells the audit trail who asked, and that an
// order failed that found nothing to do.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "store/database/transaction.h"

namespace hilum {

// Each returns how many jobs it touched. A retried job starts with no
// attempts counted; a retried analysis makes its study due for a new version of its report, unless its model
// is a shadow, and where it was named by its number also if the study's results were withdrawn. A retried
// commitment is asked for again, and nothing is sent for it.
struct JobSelection {
    std::string kind;     // analysis | report | delivery | commitment; empty: all of the study
    std::int64_t id = 0;  // with kind; a commitment's is that of its delivery
    std::string study_instance_uid, accession_number;  // without kind: all failed jobs (study_named.h)
    // To retry: the queues that this node serves (lane_name), for what is in another would wait for ever;
    // empty: all.
    std::vector<std::string> lanes = {};
    // To retry: what these made and no destination was given yet stays here.
    std::vector<std::string> shadow_models = {};
};
bool names_one(const JobSelection& selection);  // by its kind and number
// Of a study's reports to a destination the newest is sent again. `priors`: how many old studies' images the
// same order has queued (InstanceStore::analyse_priors); they count.
int retry_jobs(Transaction& transaction, const JobSelection& selection, const std::string& actor,
               int priors = 0);
// Where none fitted: why not, as far as that is known; empty: there is none.
std::string words_for_unfit(Transaction& transaction, const JobSelection& selection);
int discard_jobs(Transaction& transaction, const JobSelection& selection, const std::string& actor);

// Every result of a study's newest reports again, whether it was delivered or not: for a PACS that lost them.
// Returns how many deliveries are queued; the destination sees the same bytes as before.
struct ResultSelection {
    std::string study_instance_uid, accession_number;         // study_named.h
    std::string destination;                                  // empty: all
    std::vector<std::string> lanes = {}, shadow_models = {};  // as above
};
int resend_results(Transaction& transaction, const ResultSelection& selection, const std::string& actor);
// Where retention took the results and all images are back: these are analysed again, and the next version of
// the report is sent in their place. How many analyses.
int analyse_to_resend(Transaction& transaction, const ResultSelection& selection, const std::string& actor);

}  // namespace hilum
