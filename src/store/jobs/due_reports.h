// Opening the versions of studies' reports. Called within a commit.
#pragma once

#include <string>
#include <vector>

#include "contract/configuration.h"
#include "store/database/transaction.h"

namespace hilum {

// Their keys, of those that reports are made of: a shadow model holds up nobody.
std::vector<std::string> active_models(const Configuration& configuration);

// SQL: that models of `?models`, a parameter with a JSON array of keys, are through with all images of the
// study whose number is the expression `study`.
#define HILUM_ANALYSED_BY(models, study)                                                                    \
    " NOT EXISTS (SELECT 1 FROM job JOIN analysis ON analysis.id = subject JOIN instance ON instance.id = " \
    "instance_id WHERE job.study_id = " study                                                               \
    " AND kind = 'analysis' AND job.state IN ('queued', 'running') AND instance.state = 'to_analyse' AND "  \
    "model IN (SELECT value FROM json_each(" models "))) "

// Why a version was not made that was opened: of a compose job, `discarded`. It tells of nothing, and is none
// that stands.
#define HILUM_NEXT_VERSION_TELLS \
    "an image that it was to tell of is analysed again, or was replaced: the next version tells of it"
// Of a row `report`.
#define HILUM_IS_LEFT_OUT                                                                               \
    " EXISTS (SELECT 1 FROM job AS composing WHERE composing.lane = 'compose' AND composing.subject = " \
    "report.id AND composing.state = 'discarded' AND composing.error = '" HILUM_NEXT_VERSION_TELLS "') "

// Of which the study's next version is opened.
std::vector<std::string> models_to_tell(Transaction& transaction, const Configuration& configuration,
                                        std::int64_t study);

// Opens the next version of the report of each study whose time has come and
// whose images all active models are through with. A shadow model holds up
// nobody. What was reported before a new caller came is looked at first (callers.h).
void open_due_reports(Transaction& transaction, const Configuration& configuration);

}  // namespace hilum
