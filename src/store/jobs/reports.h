// Jobs of the lane "report": a version of a study's results under one model.
// Called within a commit.
#pragma once

#include <cstdint>
#include <optional>

#include "contract/configuration.h"
#include "contract/messages/composing.h"
#include "store/data_directory.h"
#include "store/jobs/claim.h"

namespace hilum {

struct ReportClaim {
    Claim claim;
    ComposeRequest request;
    std::int64_t study = 0;
};
struct NextReport {
    std::optional<ReportClaim> report;
    std::optional<std::int64_t> next_at;  // without one: when to look again
};
// The next report that is due, of none of `studies_at_work`; what nobody wants
// is through without being composed.
NextReport claim_report(Transaction& transaction, const Configuration& configuration,
                        const DataDirectory& directory, Duration lease,
                        const std::set<std::int64_t>& studies_at_work = {});

// What the composer made goes out, also when something beside it could not be
// made: a report that broke its template does not hold back the capture. False:
// the claim is stale.
bool keep_composed(Transaction& transaction, const Claim& claim, const ComposeReply& reply,
                   const Configuration& configuration);
bool keep_report_failure(Transaction& transaction, const Claim& claim, const Error& error,
                         const RetrySettings& retry);

// A report that was composed, or failed for good, is to be composed once more, as of the time that it was of.
// False: it is neither.
bool compose_again(Transaction& transaction, std::int64_t report);

}  // namespace hilum
