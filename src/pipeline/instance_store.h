// What a received instance becomes in the database: a new instance with its jobs, a duplicate, a new version,
// a prior, or the record of something deliberately not kept. Runs on the commit thread.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "pipeline/database.h"
#include "pipeline/types/configuration.h"
#include "pipeline/types/messages.h"

namespace hilum {

class InstanceStore {
  public:
    // `models`: the keys of the models that look at every new instance.
    InstanceStore(const StudySettings& study, std::vector<std::string> models)
        : study_(study), models_(std::move(models)) {}

    // Commits one object that lies in the spool. The answer is valid once the transaction is on the disk.
    StoreAnswer store(Database& database, const StoreCommit& commit) const;
    StoreAnswer discard(Database& database, const DiscardCommit& commit) const;

    // Makes the report of the study due now: the association that brought it was released.
    static void close_study(Database& database, const std::string& study_instance_uid);

  private:
    std::int64_t upsert_study(Database& database, const ReceivedHeader& header, std::int64_t now) const;
    bool is_prior(const std::string& study_date, Timestamp now) const;
    void enqueue(Database& database, std::int64_t study_id, std::int64_t instance_id, std::int64_t now) const;

    StudySettings study_;
    std::vector<std::string> models_;
};

}  // namespace hilum
