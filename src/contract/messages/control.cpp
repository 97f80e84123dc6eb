#include "contract/messages/control.h"

#include <nlohmann/json.hpp>

#include "contract/define_json.h"

namespace hilum {
namespace {

bool has_filter(ControlVerb verb) {
    return verb == ControlVerb::jobs_list || verb == ControlVerb::studies;
}

bool names_destination(ControlVerb verb) {
    return verb == ControlVerb::destinations_pause || verb == ControlVerb::destinations_resume;
}

nlohmann::json arguments_of(const ControlRequest& request) {
    if (has_filter(request.verb)) return request.filter;
    auto args = nlohmann::json::object();
    const auto add = [&](const char* name, const std::string& value) {
        if (!value.empty()) args[name] = value;
    };
    add("kind", request.kind);
    if (request.id != 0) args["id"] = request.id;
    add("study_instance_uid", request.study_instance_uid);
    add("accession_number", request.accession_number);
    add(names_destination(request.verb) ? "name" : "destination", request.destination);
    add("reason", request.reason);
    add("note", request.note);
    add("rules", request.rules);
    add("model", request.model);
    if (request.verb == ControlVerb::audit_export) args["after"] = request.after;
    return args;
}

// The arguments as text by name.
std::map<std::string, std::string> filter_in(const nlohmann::json& args) {
    std::map<std::string, std::string> filter;
    for (const auto& [name, value] : args.items())
        filter[name] = value.is_string() ? value.get<std::string>() : value.dump();
    return filter;
}

std::int64_t number_in(const nlohmann::json& args, const char* name) {
    const auto found = args.find(name);
    return found == args.end() ? 0 : integer_of<std::int64_t>(*found);
}

void read_arguments(const nlohmann::json& args, ControlRequest& request) {
    if (has_filter(request.verb)) {
        request.filter = filter_in(args);
        return;
    }
    request.kind = args.value("kind", "");
    request.id = number_in(args, "id");
    request.study_instance_uid = args.value("study_instance_uid", "");
    request.accession_number = args.value("accession_number", "");
    request.destination = args.value(names_destination(request.verb) ? "name" : "destination", "");
    request.reason = args.value("reason", "");
    request.note = args.value("note", "");
    request.rules = args.value("rules", "");
    request.model = args.value("model", "");
    request.after = number_in(args, "after");
}

}  // namespace

Packet to_packet(const ControlRequest& request) {
    nlohmann::json body{{"verb", enum_text(request.verb)}, {"args", arguments_of(request)}};
    if (!request.claimed_by.empty()) body["claimed_by"] = request.claimed_by;
    return Packet(std::move(body));
}

std::string claim_in(const Packet& packet) {
    const auto& body = packet.body();
    if (!body.is_object()) return {};
    const auto found = body.find("claimed_by");
    return found != body.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Result<ControlRequest> control_request_in(const Packet& packet) {
    const auto& body = packet.body();
    if (!body.is_object()) return fail("bad_request", "malformed request: it must be an object");
    const auto found = body.find("verb");
    const auto text = found != body.end() && found->is_string() ? found->get<std::string>() : std::string();
    const auto verb = enum_from<ControlVerb>(text);
    if (!verb) return fail("unknown_verb", "'{}' is not a request that Hilum knows", text);
    ControlRequest request{.verb = *verb};
    try {
        const auto args = body.value("args", nlohmann::json::object());
        if (!args.is_object()) return fail("bad_request", "the arguments must be an object");
        read_arguments(args, request);
    } catch (const nlohmann::json::exception& error) {
        return fail("bad_request", "malformed request: {}", error.what());
    }
    return request;
}

}  // namespace hilum
