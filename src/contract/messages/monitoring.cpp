#include "contract/messages/monitoring.h"

#include <nlohmann/json.hpp>

#include "contract/define_json.h"

namespace hilum {

HILUM_JSON_MEMBERS(ChildStatus, role, name, pid, state, restarts, last_end, silences, forbidden_calls,
                   last_forbidden)
HILUM_JSON_MEMBERS(ServingModel, name, version, sha256, device, batch_size, golden_cases)

void to_json(nlohmann::json& json, const ModelStatus& model) {
    json = {{"package", model.package},
            {"mode", model.mode},
            {"state", model.state},
            {"reloading", model.reloading},
            {"error", model.error}};
    if (model.serving) json.update(nlohmann::json(*model.serving));
}
void from_json(const nlohmann::json& json, ModelStatus& model) {
    json.at("package").get_to(model.package);
    json.at("mode").get_to(model.mode);
    json.at("state").get_to(model.state);
    json.at("reloading").get_to(model.reloading);
    json.at("error").get_to(model.error);
    if (json.contains("name")) model.serving = json.get<ServingModel>();
}

HILUM_JSON_MEMBERS(DestinationStatus, name, state, since, error)
HILUM_JSON_MEMBERS(NodeTrouble, where, message, since)
HILUM_MESSAGE_MEMBERS(NodeStatus, receiving, refusing, inferring, stores_only, scp_port, scp_tls_port,
                      draining, auditing, troubles, children, models, destinations, audit_servers,
                      certificates)
HILUM_MESSAGE_MEMBERS(HttpReady, port)
HILUM_MESSAGE_MEMBERS(PredictRequest, request, model)
HILUM_MESSAGE_MEMBERS(PredictReply, request, http_status, error, outcome, frames)

}  // namespace hilum
