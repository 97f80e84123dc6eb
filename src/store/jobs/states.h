// The states of jobs as people and metrics know them, each the word of one lane, and the one place where they
// become what the queue (schema/010_jobs.sql) holds: a state that all lanes share, and the lane's own
// outcome. From there its generated columns kind, queue and word lead back. docs/operations.md draws the ways
// between.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

namespace hilum {

enum class Lane { analysis, report, delivery };

enum class JobState {
    queued,
    running,
    analysed,      // analysis
    not_analysed,  // analysis: outside of what the model was made for
    composed,      // report
    delivered,     // delivery
    refused,       // delivery: for good
    expired,       // delivery: given up
    quarantined,   // analysis, report: failed for good, until an operator says
                   // otherwise
    discarded
};

inline constexpr std::array all_lanes{Lane::analysis, Lane::report, Lane::delivery};

std::string to_text(Lane lane);  // what people call its jobs
std::string to_text(JobState state);

// The lane's name in the queue. `queue`: the analyses' model, the deliveries' destination; nothing of
// reports.
std::string lane_name(Lane lane, const std::string& queue);
// The lane in which a destination is asked for its commitment to what was delivered (commitments.h).
std::string commitment_lane(const std::string& destination);

struct Stored {
    std::string state;    // queued | running | done | set_aside | discarded
    std::string outcome;  // empty where the state says all
};
Stored stored(JobState state);

// The states that a job of the lane can be in.
std::span<const JobState> states_of(Lane lane);

}  // namespace hilum
