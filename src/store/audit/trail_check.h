// Whether an audit trail, event by event as it is exported, is a whole chain, and the one of which heads were
// signed: a tail that was cut off, a past that was rewritten with fresh digests, events that were taken out,
// two trails under one key. Used by `hilum audit verify --against`; trusts nothing but the heads.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <string>
#include <vector>

#include "store/audit/signed_head.h"

namespace hilum::audit {

class TrailCheck {
  public:
    // `heads`: with a good signature each, in any order. `begins_after`, `hash`: the last event that was
    // removed when its time was over, and its digest; 0 and first_hash where none was.
    TrailCheck(std::vector<SignedHead> heads, std::int64_t begins_after, std::string hash);

    // The next event as `hilum audit export` tells it (audit::to_json, and its "hash").
    void add(const nlohmann::json& event);

    struct Outcome {
        std::vector<std::string>
            findings;                // in words, in the order of the trail; empty: it is what was signed
        std::int64_t newest = 0;     // event
        std::int64_t witnessed = 0;  // up to this event heads fit; 0: none does
        int heads_fitting = 0, heads_before = 0;  // compared and right; of events that were removed since
    };
    Outcome finish();

  private:
    void compare();                  // the heads of the event that came last
    std::vector<SignedHead> heads_;  // by event
    std::size_t next_ = 0;           // the first of them that is still to be compared
    std::int64_t begins_after_ = 0, last_ = 0;
    std::string hash_;
    Outcome outcome_;
    bool rewritten_ = false;  // told once: all heads after it differ too
};

}  // namespace hilum::audit
