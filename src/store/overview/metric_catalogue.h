// What /metrics has to tell: docs/metrics.md in code. A test compares the two with what a node gives.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"
#include "contract/configuration.h"

namespace hilum {

class Database;

struct MetricDescription {
    std::string_view name;  // without "hilum_" and "_total"
    std::string_view help;
};
std::span<const MetricDescription> metric_catalogue();

// Counters exist from the start, at 0, with every value that their labels can have: an alert on an increase
// would else miss the first. Called within a commit, at start.
void create_counters(Database& database, const Configuration& configuration);

// The same for what only a package says: the labels of a model that was loaded.
void create_diagnosis_counters(Database& database, const std::string& model,
                               const std::vector<std::string>& labels);

// What a label may say of a code that comes from another process: itself where it is one that is known, else
// "other", so that no process can make series without end.
nlohmann::json receiver_labels(std::string_view event, std::string_view code);
std::string failure_label(std::string_view code);       // of an analysis or report that failed
std::string not_analysed_label(std::string_view code);  // see docs/pixels.md, "Why an image is not analysed"

// How long things took, as a histogram of the metric `name`. Kept in the table of the counters: the number of
// observations that fell into each bucket (NAME_bucket, label le: its upper bound in seconds), and their sum
// (NAME_microseconds). Negative durations, from before a clock was set right, count as 0.
void observe(Database& database, std::string_view name, nlohmann::json labels, Duration duration);

inline constexpr std::string_view bucket_suffix = "_bucket", sum_suffix = "_microseconds";

}  // namespace hilum
