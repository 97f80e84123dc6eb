#include "pipeline/control/live_status.h"

#include <unistd.h>

#include <nlohmann/json.hpp>

#include "pipeline/control/node_troubles.h"

namespace hilum {

nlohmann::json live_status_json(const LiveStatus& live, const NodeStatus& status) {
    return {{"running", true},
            {"node",
             {{"ae_title", live.ae_title},
              {"version", HILUM_VERSION},
              {"pid", ::getpid()},
              {"started_at", to_iso8601(live.started_at)},
              {"scp_port", status.scp_port},
              {"scp_tls_port", status.scp_tls_port},
              {"http_port", live.http_port}}},
            {"receiving", receiving_words(status)},
            {"refusing", status.refusing},
            {"troubles", status.troubles},
            {"inferring", status.inferring},
            {"stores_only", status.stores_only},
            {"draining", status.draining},
            {"adopting", live.adopting},
            {"destination_states", status.destinations},
            {"audit_server_states", status.audit_servers},
            {"children", status.children},
            {"certificates", in_force(status.certificates, to_microseconds(now()) / 1'000'000)},
            {"models", status.models}};
}

}  // namespace hilum
