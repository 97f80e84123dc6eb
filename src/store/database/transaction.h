// One unit of work in the database: the only way to it from outside src/store. Functions of src/store that
// take one are called within it; what they change is kept or lost together. They throw DatabaseFailure, which
// whoever began the unit (the commit queue, Database::transact) turns into an Error.
#pragma once

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
    // `now`: the wall clock's time, which all that belongs to this unit of work has in common.
    Transaction(Database& database, Timestamp now);
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;

    Timestamp now() const { return now_; }
    std::int64_t at() const { return to_microseconds(now_); }  // the same, as the database holds it

    // Appends to the audit trail; the event's id, time and hash are filled in here.
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
    // alone are undone and the error says why (code "unreadable_row"). What concerns the whole database is
    // thrown on. Not within the loop over a statement's rows.
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
};

}  // namespace hilum
