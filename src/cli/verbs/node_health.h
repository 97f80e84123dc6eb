// Whether a node is well, from what `status` tells of it.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace hilum::cli {

// Sentences for an operator, without a patient's data.
struct NodeHealth {
    std::vector<std::string> problems;    // the node does not do its work now: it is not well
    std::vector<std::string> to_look_at;  // what an operator decided or has to decide; the node works
    bool well() const { return problems.empty(); }
};

// `status` as the daemon answers, or as the database alone does ("running": false).
NodeHealth health_of(const nlohmann::json& status);

}  // namespace hilum::cli
