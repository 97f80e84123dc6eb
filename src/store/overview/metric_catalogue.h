// What /metrics has to tell: docs/metrics.md in code. A test compares the two with what a node gives.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "contract/configuration.h"
#include "store/database/transaction.h"
#include "store/overview/histogram.h"

namespace hilum {

struct MetricDescription {
    std::string_view name;  // without "hilum_" and "_total"
    std::string_view help;
};
std::span<const MetricDescription> metric_catalogue();

// Counters exist from the start, at 0, with every value that their labels can have: an alert on an increase
// would else miss the first. Called within a commit, at start.
void create_counters(Transaction& transaction, const Configuration& configuration);

// The same for what only a package says: the diagnoses of a model that was loaded.
void create_diagnosis_counters(Transaction& transaction, const std::string& model,
                               const std::vector<std::string>& diagnoses);

// What a label may say of a code that comes from another process: itself where it is one that is known, else
// "other", so that no process can make series without end.
Labels receiver_labels(std::string_view event, std::string_view code);
std::string tls_failure_label(std::string_view code);   // base/tls/tls_failure.h
std::string failure_label(std::string_view code);       // of an analysis or report that failed
std::string not_analysed_label(std::string_view code);  // see docs/pixels.md, "Why an image is not analysed"

}  // namespace hilum
