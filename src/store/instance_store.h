// What a received instance becomes in the database: a new instance with its jobs, a duplicate, a new version,
// a prior, or the record of something deliberately not kept. Runs on the commit thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "contract/configuration.h"
#include "contract/messages/receiving.h"
#include "store/data_directory.h"
#include "store/database/transaction.h"
#include "store/jobs/orders.h"

namespace hilum {

// What became of an object that lay in the spool without a row.
struct Adoption {
    enum Outcome {
        adopted,
        known,       // it has a row meanwhile
        duplicate,   // `known_file` claims to hold the same data set
        own_result,  // it is a result of this node
        damaged,     // it is not what was received under this name
    } outcome = known;
    std::string known_file;
};

// What became of an object that was received.
struct StoredInstance {
    StoreAnswer answer;
    std::string replaced_file;  // of the same data set, and no row names it any more: whoever committed this
                                // removes it once that is on the disk. Empty: none.
    bool new_caller = false;    // its destinations may lack what was reported (jobs/callers.h)
};

class InstanceStore {
  public:
    // `models`: the keys of the models that look at every new instance.
    InstanceStore(const StudySettings& study, std::vector<std::string> models, DataDirectory directory)
        : study_(study), models_(std::move(models)), directory_(std::move(directory)) {}

    // Commits one object that lies in the spool. The answer is valid once the transaction is on the disk. A
    // duplicate is what the newest version of the instance is; one of an older version makes that version the
    // newest again, and so does the same data set under another transfer syntax. What comes in place of a
    // damaged file is kept, and what waited for it goes on.
    StoredInstance store(Transaction& transaction, const StoreCommit& commit) const;
    StoreAnswer discard(Transaction& transaction, const DiscardCommit& commit) const;

    // The same for a whole file that was found in the spool and whose receiver is gone. In a database that
    // lost nothing (is_reconciled) a data set that has a row is a duplicate; else `written_at`, the file's
    // own time, says which of several versions is the newest.
    Adoption adopt(Transaction& transaction, const StoreCommit& commit, Timestamp written_at) const;

    // Analyses what was stored as a prior, because an operator says so: of one instance or a study. Returns
    // how many.
    int analyse_priors(Transaction& transaction, const JobSelection& selection,
                       const std::string& actor) const;

    // Makes the report of the study due now: the association that brought it was released.
    static void close_study(Transaction& transaction, const std::string& study_instance_uid);

  private:
    struct Version {
        std::int64_t id = 0, study_id = 0, version = 0, size = 0, received_at = 0;
        std::string state, file, dataset_sha256, analysis_sha256, transfer_syntax_uid;
        bool removed = false;  // its file, by retention
        bool damaged = false;  // its file (jobs/damaged_objects.h)
    };
    struct Versions {  // of one SOP instance
        std::optional<Version> newest, active;
        std::optional<Version> same_data;  // the one row of this data set, under whatever transfer syntax
    };
    static Versions versions_of(Transaction& transaction, const StoreCommit& commit);
    static bool is_same(const std::optional<Version>& version, const StoreCommit& commit);
    static bool mends_active(const Versions& versions);
    static bool is_own_result(Transaction& transaction, const StoreCommit& commit);
    StoreAnswer duplicate(Transaction& transaction, const StoreCommit& commit,
                          const Versions& versions) const;
    StoreAnswer keep(Transaction& transaction, const StoreCommit& commit, const Versions& versions,
                     std::int64_t received_at) const;
    bool keep_header(Transaction& transaction, const StoreCommit& commit, const Versions& versions,
                     std::int64_t study_id, std::int64_t received_at) const;
    bool keep_image(Transaction& transaction, const StoreCommit& commit, const Versions& versions,
                    std::int64_t study_id, std::int64_t received_at) const;
    void keep_older(Transaction& transaction, const StoreCommit& commit, const Versions& versions,
                    std::int64_t received_at) const;
    bool analyse_if_no_prior(Transaction& transaction, const Version& version,
                             const std::string& study_date) const;
    std::int64_t upsert_study(Transaction& transaction, const ReceivedHeader& header, std::int64_t now) const;
    std::string why_prior(const std::string& study_date, Timestamp now) const;  // empty: it is none
    bool has_file(const Version& version) const;
    void take_from(Transaction& transaction, const Version& active, const StoreCommit& commit,
                   std::int64_t study_id) const;
    void analyse(Transaction& transaction, std::int64_t instance_id) const;
    void make_due(Transaction& transaction, std::int64_t study_id, std::int64_t at) const;
    void enqueue(Transaction& transaction, std::int64_t study_id, std::int64_t instance_id,
                 std::int64_t now) const;

    StudySettings study_;
    std::vector<std::string> models_;
    DataDirectory directory_;
};

}  // namespace hilum
