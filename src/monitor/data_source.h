// What the http process shows of the database, each function a question to it.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <chrono>
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

// How long a question may take; after that it fails with the code "too_long".
inline constexpr std::chrono::seconds longest_answer{5};

// Asks the database file over read-only connections, opened when they are first needed and again after an
// error: lists over one of their own. While one of these is read, `meanwhile` is called often, which may ask
// anything but lists; once it says true, nobody waits for the list any more.
DataSource database_source(const std::filesystem::path& database_file,
                           std::function<bool()> meanwhile = nullptr,
                           std::chrono::steady_clock::duration longest = longest_answer);

}  // namespace hilum::monitor
