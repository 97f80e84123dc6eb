// Finish what is begun: work that is nearer to the PACS goes first. Analyses are quick and many, and would
// take the processor from what makes and sends their reports; so they are claimed only while few studies wait
// behind them. Called within a commit.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "store/jobs/analyses.h"

namespace hilum {

// For how long what waits behind the analyses holds them up. What has stood still for longer (a composer that
// does not start, a destination that takes nothing) holds up nothing any more, so that nothing waits for
// ever.
inline constexpr std::chrono::minutes longest_hold{10};

struct AnalysisBound {
    int analysed_ahead = 20;                   // studies; configuration.study
    std::vector<std::string> destinations_up;  // names
    std::vector<std::string> active_models;    // due_reports.h: what holds up a report
};

// Studies that are analysed and due and wait for the composer, and those whose results could be on their way:
// to the destination, of those that are up and not paused, where the fewest wait, so that a slow one holds up
// no other. What waits for a time (the study's idle timeout), what was sent already and failed, and what
// waits for longer than longest_hold is none of them.
struct Backlog {
    int studies = 0;
    std::optional<std::int64_t> oldest_at;  // since when the one waits that waits longest
};
Backlog backlog_behind_analyses(Transaction& transaction, const AnalysisBound& bound);

struct NextAnalysis {
    std::optional<AnalysisClaim> claim;
    std::optional<std::int64_t>
        next_at;  // where there is none now: when there may be one, if nothing happens
};
// The model's next analysis that is due; while as many as `bound` says wait behind the analyses, only one of
// an urgent study. It may be worth another call as soon as something behind was finished or a destination is
// up or down.
NextAnalysis claim_within_bound(Transaction& transaction, const std::string& model, Duration lease,
                                const AnalysisBound& bound);

}  // namespace hilum
