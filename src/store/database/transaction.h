// One unit of work in the database: the only way to it from outside src/store. Functions of src/store that
// take one are called within it; what they change is kept or lost together. They throw DatabaseFailure, which
// whoever began the unit (the commit queue, Database::transact) turns into an Error.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "base/units.h"

namespace hilum {

namespace audit {
struct AuditEvent;
}
namespace sql {
class Query;
}
class Database;
struct Connection;

using Labels = std::map<std::string, std::string>;  // of a counter, by name

class Transaction {
  public:
    // `now`: the wall clock's time, which all that belongs to this unit of work has in common. `ago`: how
    // long before that happened what is only written down now.
    Transaction(Database& database, Timestamp now, Duration ago = Duration::zero());
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;

    Timestamp now() const { return now_; }
    std::int64_t at() const { return to_microseconds(now_); }  // the same, as the database holds it

    // Later than this, an event has the time when it happened in its details.
    static constexpr std::chrono::seconds kept_late{5};

    // When that happened which is written down now, by the wall clock as it goes now.
    std::int64_t happened() const { return to_microseconds(now_ - ago_); }

    // Appends to the audit trail; the event's id, time and hash are filled in here. Its time is that of
    // writing, so that the trail's are in order; of what is kept late, `happened_at` in its details tells
    // when it happened, by the wall clock as it goes now.
    void append_audit(audit::AuditEvent event);

    // Into the journal of facts (fact_journal.h), with the commit. `lasting`: it is on the disk before that;
    // else what the spool tells, too. Nothing where the database keeps none.
    void note_fact(const nlohmann::json& fact, bool lasting = true);

    // Adds to a counter, which begins at 0.
    void count(std::string_view name, const Labels& labels = {}, std::int64_t by = 1);

    // How long something took, into the histogram `name` (store/overview/histogram.h). Negative durations,
    // from before a clock was set right, count as 0.
    void observe(std::string_view name, Labels labels, Duration duration);

    // Runs `work()` apart from the rest: where it cannot read a row, or a statement is refused, its changes
    // alone are undone and the error says why (code "unreadable_row"). What concerns the whole database, and
    // want of memory, is thrown on. Not within the loop over a statement's rows.
    template <typename Work>
    Status apart(Work work) {
        begin_part();
        try {
            work();
        } catch (const std::exception& error) {
            return undo_part(error);
        }
        end_part();
        return {};
    }

  private:
    void begin_part();
    void end_part();
    Status undo_part(const std::exception& error);  // called while it is handled

    friend class sql::Query;
    Connection& connection_;
    Timestamp now_;
    Duration ago_;
};

}  // namespace hilum
