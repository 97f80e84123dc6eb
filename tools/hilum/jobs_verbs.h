// How `hilum` names a job: its kind and number, since each kind has numbers of its own.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"

namespace hilum::cli {

struct JobName {
    std::string kind;  // analysis | report | delivery
    std::int64_t id = 0;
};

// "analysis/12". Code "usage" for anything else.
Result<JobName> parse_job_name(const std::string& text);

}  // namespace hilum::cli
