// What is in the database, for those who look at it: `hilum status` and `hilum jobs`, and the http process.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "contract/retention_settings.h"
#include "store/overview/list_filters.h"

namespace hilum {

struct CounterValue {
    std::string name;
    std::map<std::string, std::string> labels;
    std::int64_t value = 0;
};

class Database;

// A read-only connection of its own. Not for several threads at once. Errors have the code "database".
class Overview {
  public:
    // `stop`, where there is one, is asked often while it reads, on the thread that does: once it is true,
    // the question fails.
    static Result<Overview> open(const std::filesystem::path& file, std::function<bool()> stop = nullptr);
    Overview(Overview&&) noexcept;
    Overview& operator=(Overview&&) noexcept;
    ~Overview();

    Result<std::vector<CounterValue>> counters();
    Result<std::vector<CounterValue>> gauges();  // see gauges.h
    // {seen_at, set_at, set_by_seconds, set_lately}: when the node last ran by its wall clock, when that was
    // last seen to have been set (null: never), by how much (positive: ahead), and whether this was within a
    // day.
    Result<nlohmann::json> clock();
    Result<nlohmann::json> queue();  // {"analysis": {state: count}, "report": ..., "delivery": ...}
    // [{name, waiting, delivered, refused, committed, uncommitted, unanswered, last_error, last_error_at,
    // paused_at}]; unanswered: commitments that were given up.
    // The last error is of what is tried again, or of what was set aside where nothing arrived later.
    Result<nlohmann::json> destinations();
    // [{name, waiting, oldest_waiting_at, sent_at}] of audit.syslog; times are null where there is none.
    Result<nlohmann::json> audit_servers();
    // As docs/http-api.md has them; no patient's name or id in either.
    Result<nlohmann::json> studies(const StudyFilter& filter);
    Result<nlohmann::json> jobs(const JobFilter& filter);
    Result<nlohmann::json> job(const std::string& kind,
                               std::int64_t id);  // with its audit events; code "not_found"
    // As preview_of_withdrawal() has it, of a study or an accession number.
    Result<nlohmann::json> withdrawal(const std::string& study_instance_uid,
                                      const std::string& accession_number);
    Result<nlohmann::json> retention();  // store/retention/retention_status.h
    // What a look would take now, by these settings, with so many bytes free.
    Result<nlohmann::json> retention_preview(const RetentionSettings& settings, std::uint64_t free_space,
                                             std::uint64_t min_free_space, Duration quiet);
    Result<nlohmann::json> audit_events(std::int64_t after, int limit);  // oldest first, from id after+1
    Result<nlohmann::json> verify_audit();  // {"events": n, "begins_after": id, "begins_after_hash",
                                            // "intact": bool, "first_broken": id or null, "last_hash"}

  private:
    explicit Overview(std::unique_ptr<Database> database);
    std::unique_ptr<Database> database_;
};

}  // namespace hilum
