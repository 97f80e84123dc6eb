// How `hilum` names a job: its kind and number, since each kind has numbers of its own.
#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <ostream>
#include <string>

#include "base/error.h"

namespace hilum::cli {

struct JobName {
    std::string kind;  // analysis | report | delivery
    std::int64_t id = 0;
};

// "analysis/12". Code "usage" for anything else.
Result<JobName> parse_job_name(const std::string& text);

// Whom or what the job is for: the destination, or the model and the frame where there are several.
std::string subject_of(const nlohmann::json& job);

// All that is known of a job and what happened to it, as text; a job as Overview::job has it.
void print_job(std::ostream& out, const nlohmann::json& job, std::size_t columns);

}  // namespace hilum::cli
