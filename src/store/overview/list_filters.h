// Which studies and jobs to list, and how that is asked for: the same names, values and mistakes on the
// command line, over HTTP and on the control socket.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"

namespace hilum {

// Empty members do not restrict. Newest first.
struct JobFilter {
    std::string accession_number, study_instance_uid;
    std::string state;  // of job_states()
    int limit = 100;
};

struct StudyFilter {
    std::string patient_id, accession_number, study_instance_uid;
    std::string state;       // of study_states()
    std::int64_t since = 0;  // microseconds since 1970 UTC: that received something then or later
    int limit = 100;
};

inline constexpr int most_listed = 10'000;

// Every state that a job of any kind can be in; docs/operations.md draws them.
const std::vector<std::string>& job_states();

// What a study as a whole is in; the first that fits (docs/http-api.md explains them).
const std::vector<std::string>& study_states();

// `uid` where it may be one (PS3.5 9.1: digits and dots, at most 64) or is empty; otherwise "bad_request".
Result<std::string> parse_study_instance_uid(std::string uid);

// By name, as text: "limit": "20". An empty value is as if it were not there.
using Parameters = std::map<std::string, std::string>;

// Code "bad_request" for a name or value that is none, in words that name what there is. `since` is a moment
// as parse_moment() has it, seen from `now`.
Result<JobFilter> job_filter(const Parameters& parameters);
Result<StudyFilter> study_filter(const Parameters& parameters, Timestamp now);

}  // namespace hilum
