// What the node's database says, in plain words. All that the simulation knows of the schema is in here.
// Reads what is committed, over a connection of its own, and over another writes what befalls claims.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace SQLite {
class Database;
class Statement;
}  // namespace SQLite

namespace hilum::simulation {

enum class Lane { analyse, compose, deliver, commit };
enum class JobState { waiting, running, done, set_aside, discarded };
const char* word_of(Lane lane);
const char* word_of(JobState state);
const char* operators_word_of(Lane lane);  // of `hilum jobs`

struct Job {
    Lane lane;
    std::int64_t id = 0;
    JobState state;
    std::string study_instance_uid;
    std::string subject;  // the image, or the result; of a report its version
    std::string target;   // model or destination
    int attempts = 0;
    std::int64_t next_attempt_at = 0;  // microseconds since 1970 UTC
    std::string outcome;               // the database's own word
};

struct StoredImage {
    std::string file;
    std::uint64_t size = 0;
    bool is_analysed = false;  // it is what its study's report is of
    bool is_prior = false;
    bool removed = false;  // its file, by retention
};

struct StoredResult {
    std::string kind, sop_instance_uid, study_instance_uid, model, file, sha256;
    int version = 0;
    bool withdrawn = false;
    bool removed = false;  // its file, by retention
};

struct Event {
    std::int64_t id = 0;
    std::string type, outcome, study_instance_uid, sop_instance_uid;
    nlohmann::json detail;
};

class Ledger {
  public:
    explicit Ledger(std::filesystem::path database);
    ~Ledger();

    std::optional<StoredImage> image(const std::string& sop_instance_uid, const std::string& dataset_sha256);
    bool is_damaged(const std::string& sop_instance_uid);  // and is to be sent again
    std::optional<Job> analysis(const std::string& sop_instance_uid, const std::string& dataset_sha256,
                                const std::string& model, int frame);
    std::optional<Job> report(std::int64_t id);
    std::optional<Job> delivery(const std::string& destination, const std::string& sop_instance_uid);
    std::optional<StoredResult> result(const std::string& sop_instance_uid);
    std::vector<StoredResult> results();
    std::vector<Job> jobs();
    std::map<std::string, int> running();            // by lane and target
    std::vector<std::string> unfinished();           // what waits, works or is due, in words
    std::set<std::string> withdrawn_studies();       // whose results are not to be made anew
    std::map<std::string, int> instance_versions();  // by SOP Instance UID
    std::set<std::string> artifacts();               // files in analyses/ that rows name
    std::set<std::string> studies_with_removals();   // that lack a file of what counts
    // What retention took too early, in words: it was not delivered or not committed, is not analysed, or
    // held.
    std::vector<std::string> removed_early();
    struct Kept {
        std::int64_t bytes = 0;      // of all files, as the node counts them
        std::int64_t must_stay = 0;  // of studies that are held or have something set aside
    };
    Kept kept_bytes();
    std::set<std::string> files_unknown(std::set<std::string> files);  // of the spool, that no row names

    // Results of a report that nobody has finished, and that no failed attempt left: a late answer was kept.
    bool has_results_of_nobody(std::int64_t report);
    // Refused for good, though the destination refused them less often than this.
    std::vector<std::string> refused_early(int refusals);

    bool let_lease_pass(std::int64_t report);                      // false: nobody composes it
    bool lose_owner(const std::string& lane, std::int64_t lease);  // of a job that waited; false: none did

    // Reads the whole trail and follows its chain; `broken`: the first event that does not fit, 0: none.
    std::vector<Event> events(std::int64_t& broken);

  private:
    template <typename Row, typename... Args>
    void each(const std::string& sql, Row row, const Args&... args);
    SQLite::Database& open_to_write();
    SQLite::Statement& prepared(const std::string& sql);

    std::filesystem::path file_;
    std::unique_ptr<SQLite::Database> database_, written_;
    std::map<std::string, std::unique_ptr<SQLite::Statement>> statements_;  // by their text
};

}  // namespace hilum::simulation
