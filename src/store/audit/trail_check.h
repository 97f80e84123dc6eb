// Whether an audit trail, event by event as it is exported, is a whole chain, and the one of which heads were
// signed: a tail that was cut off, a past that was rewritten with fresh digests, events that were taken out,
// two trails under one key, a beginning that went before its time. Used by `hilum audit verify --against`;
// trusts nothing but the heads.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/units.h"
#include "store/audit/signed_head.h"

namespace hilum::audit {

// When the time of an event is over. A head says when the event that it is of was there already, and thereby
// that an event "audit_removed" tells of it too early.
struct TrailAge {
    std::optional<Duration> keep;  // audit.keep; nothing: no event may go
    Timestamp now;
    Duration until_signed{};  // audit.sign.every: at most so long after an event a head is
};

class TrailCheck {
  public:
    // `heads`: with a good signature each, in any order. `begins_after`, `hash`: the last event that was
    // removed when its time was over, and its digest; 0 and first_hash where none was. An event that is added
    // has to say that they were removed, at a time that `age` allows.
    TrailCheck(std::vector<SignedHead> heads, std::int64_t begins_after, std::string hash, TrailAge age);

    // The next event as `hilum audit export` tells it (audit::to_json, and its "hash").
    void add(const nlohmann::json& event);

    // The event that the trail has come to; before the first, the one that it begins after.
    std::int64_t reached() const { return last_; }
    std::int64_t begins_after() const { return begins_after_; }

    // The trail begins after the event `through` by now, which is beyond what was added: those up to it had
    // their time over meanwhile. It goes on after it, and an event of it has to say that they were removed.
    void removed_meanwhile(std::int64_t through, const std::string& hash);

    struct Outcome {
        std::vector<std::string>
            findings;                // in words, in the order of the trail; empty: it is what was signed
        std::int64_t newest = 0;     // event
        std::int64_t witnessed = 0;  // up to this event heads fit; 0: none does
        int heads_fitting = 0, heads_before = 0;  // compared and right; of events that were removed since
        std::string heads_before_until;           // when the last of heads_before was signed; empty: none
    };
    Outcome finish();

  private:
    // Events that went before they were added.
    struct Removal {
        std::int64_t from = 0, through = 0;
        std::string hash;
    };
    void pass_removed();                        // the heads of what is before the beginning
    void judge_removal(const std::string& at);  // that the event of untold_ tells of
    void compare();                             // those of the event that came last
    TrailAge age_;
    std::vector<SignedHead> heads_;  // by event
    std::size_t next_ = 0;           // the first of them that is still to be compared
    std::int64_t begins_after_ = 0, last_ = 0;
    std::string hash_;
    std::optional<Removal> untold_;  // no event has said so yet
    Outcome outcome_;
    bool rewritten_ = false;  // told once: all heads after it differ too
};

}  // namespace hilum::audit
