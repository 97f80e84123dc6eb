// What the composer is asked for: a version of a study's report from the
// database, its images with what their analyses said, and the wishes of its
// destinations. Called within a commit.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "contract/configuration.h"
#include "contract/messages/composing.h"
#include "store/data_directory.h"
#include "store/database/transaction.h"

namespace hilum {

// Codes of NotAnalysed that what a careless routing rule sends beside
// radiographs gets: no report tells of it.
const std::set<std::string>& foreign_outcomes();
// SQL: whether an analysis may be told of by a report; `codes`: a parameter with these as a JSON array.
#define HILUM_IS_NOT_FOREIGN(codes)                                                                      \
    " coalesce(iif(json_valid(outcome), json_extract(outcome, '$.not_analysed.code'), ''), '') NOT IN (" \
    "SELECT value FROM json_each(" codes ")) "

// Whether what the database has of an analysis can be read, by this version of Hilum.
bool is_readable_outcome(const std::string& json);

// Nothing where nobody wants the results, or there is nothing to tell.
std::optional<ComposeRequest> compose_request(Transaction& transaction, std::int64_t report,
                                              const Configuration& configuration,
                                              const DataDirectory& directory);

// Whether a result of that UID is committed, by this life of the database or one before.
bool is_result(Transaction& transaction, const std::string& sop_instance_uid);

}  // namespace hilum
