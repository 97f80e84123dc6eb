// What the http process shows of the database, each function a question to it.
#pragma once

#include <nlohmann/json.hpp>

#include <filesystem>
#include <functional>
#include <vector>

#include "base/error.h"
#include "store/overview/overview.h"

namespace hilum::monitor {

struct DataSource {
    std::function<Result<std::vector<CounterValue>>()> counters;
    std::function<Result<std::vector<CounterValue>>()> gauges;
    std::function<Result<nlohmann::json>()> queue;
    std::function<Result<nlohmann::json>()> destinations;
    std::function<Result<nlohmann::json>(const StudyFilter&)> studies;
    std::function<Result<nlohmann::json>(const JobFilter&)> jobs;
};

// Asks the database file over one read-only connection, opened when it is first needed and again after an
// error.
DataSource database_source(const std::filesystem::path& database_file);

}  // namespace hilum::monitor
