// The states of jobs, and the one place where they are written to text and read
// from it. docs/operations.md draws the ways between them.
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

std::string to_text(Lane lane);
std::string to_text(JobState state);

// The states that a job of the lane can be in.
std::span<const JobState> states_of(Lane lane);

}  // namespace hilum
