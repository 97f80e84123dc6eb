#include "monitor/api.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/characters/printable.h"
#include "base/clock.h"
#include "contract/messages/prediction_json.h"
#include "monitor/dashboard.h"
#include "monitor/metrics.h"

namespace hilum::monitor {
namespace {

namespace http = boost::beast::http;

std::string text_of(const nlohmann::json& json) {
    return json_without_controls(json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace)) + "\n";
}

Response database_error(const Error& error) {
    return error_response(http::status::service_unavailable, error.code, error.message);
}

Response bad_request(const Error& error) {
    return error_response(http::status::bad_request, error.code, error.message);
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

std::string percent_decoded(std::string_view text) {
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
        const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
        if (text[i] == '%' && high >= 0 && low >= 0) {
            decoded += static_cast<char>(high * 16 + low);
            i += 2;
        } else {
            decoded += text[i] == '+' ? ' ' : text[i];
        }
    }
    return decoded;
}

}  // namespace

Response text_response(http::status status, std::string_view content_type, std::string body) {
    Response response(status, 11);
    response.set(http::field::server, "Hilum/" HILUM_VERSION);
    response.set(http::field::content_type,
                 boost::beast::string_view(content_type.data(), content_type.size()));
    response.set(http::field::cache_control, "no-store");
    response.set("X-Content-Type-Options", "nosniff");
    response.body() = std::move(body);
    response.prepare_payload();
    return response;
}

Response json_response(http::status status, const nlohmann::json& body) {
    return text_response(status, "application/json", text_of(body));
}

Response error_response(http::status status, const std::string& code, const std::string& message) {
    return json_response(status, prediction_error_json(code, message));
}

Result<Parameters> query_parameters(std::string_view query) {
    Parameters parameters;
    while (!query.empty()) {
        const auto pair = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(query.size(), pair.size() + 1));
        if (pair.empty()) continue;
        const auto equals = pair.find('=');
        const auto name = percent_decoded(pair.substr(0, equals));
        const auto value = equals == std::string_view::npos ? "" : percent_decoded(pair.substr(equals + 1));
        if (!parameters.emplace(name, value).second)
            return fail("bad_request", "the parameter '{}' is there twice", name);
    }
    return parameters;
}

Result<std::string> predicting_model(std::string_view target) {
    const auto question_mark = target.find('?');
    if (question_mark == std::string_view::npos) return std::string();
    const auto parameters = query_parameters(target.substr(question_mark + 1));
    if (!parameters) return tl::unexpected(parameters.error());
    for (const auto& [name, value] : *parameters)
        if (name != "model")
            return fail("bad_request", "'{}' is no parameter of this; there is: model", name);
    return parameters->empty() ? std::string() : parameters->at("model");
}

Response Api::answer(http::verb method, std::string_view target) {
    const auto question_mark = target.find('?');
    const auto path = target.substr(0, question_mark);
    const auto query = question_mark == std::string_view::npos ? "" : target.substr(question_mark + 1);
    const bool predict = path == predict_path;
    if (!predict && (method == http::verb::get || method == http::verb::head)) return route(path, query);
    if (!predict && route(path, query).result() == http::status::not_found) return route(path, query);
    auto refused =
        error_response(http::status::method_not_allowed, "method_not_allowed",
                       predict ? "send the DICOM file with POST" : "only GET and HEAD are possible here");
    refused.set(http::field::allow, predict ? "POST" : "GET, HEAD");
    return refused;
}

bool Api::asks_database(std::string_view target) {
    const auto path = target.substr(0, target.find('?'));
    return path == "/metrics" || path.starts_with("/api/v1/");
}

Response Api::route(std::string_view path, std::string_view query) {
    if (path == "/") return dashboard();
    if (path == "/healthz") return text_response(http::status::ok, "text/plain", "ok\n");
    if (path == "/readyz") return readiness();
    if (path == "/metrics") return metrics();
    if (path == "/api/v1/status")
        return query.empty() ? status() : bad_request({"bad_request", "there are no parameters here"});
    if (path == "/api/v1/studies") return studies(query);
    if (path == "/api/v1/jobs") return jobs(query);
    return error_response(http::status::not_found, "not_found",
                          "there is nothing here; see /, /healthz, /readyz, /metrics and /api/v1/");
}

// Without what only a coordinator that lives can say, and without lists that others stand in for by now.
NodeStatus Api::current() const {
    auto status = status_;
    status.certificates = in_force(status.certificates, to_microseconds(now()) / 1'000'000);
    if (!coordinator_silent_) return status;
    status.receiving = status.inferring = false;
    status.scp_port = status.scp_tls_port = 0;
    status.refusing.clear();
    return status;
}

// Why the node is not ready for them; empty: it is, or for a short time nobody knows.
std::string Api::late_reports() {
    const auto gauges = source_.gauges();
    if (!gauges) {
        if (!blind_since_) blind_since_ = clock_();
        if (clock_() - *blind_since_ < longest_blind) return {};
        return "reports: whether any is overdue cannot be told, since http cannot read the database: " +
               gauges.error().message;
    }
    blind_since_.reset();
    std::int64_t overdue = 0;
    for (const auto& gauge : *gauges)
        if (gauge.name == "overdue_jobs") overdue += gauge.value;
    if (overdue == 0) return {};
    return fmt::format("reports: {} are overdue by half an hour; see `hilum status`", overdue);
}

Response Api::readiness() {
    const auto status = current();
    auto missing = nlohmann::json::array();
    if (coordinator_silent_)
        missing.push_back("the coordinator gives no sign of life");
    else if (status.refusing == "disk")
        missing.push_back(
            "receiving: refusing: disk: less than scp.min_free_space is free under node.data_dir");
    else if (!status.refusing.empty())
        missing.push_back("receiving: refusing: " + status.refusing);
    else if (!status.receiving)
        missing.push_back("receiving: the DICOM port is not open, or its process gives no sign of life");
    for (const auto& trouble : status.troubles) {
        if (trouble.where == "database") missing.push_back("the database fails: " + trouble.message);
        if (trouble.where == "receiving" && status.refusing == "files")
            missing.push_back("what comes cannot be stored: " + trouble.message);
    }
    if (!status.inferring && !status.stores_only)
        missing.push_back("inferring: no model is loaded and warm, or no decoder runs");
    if (auto late = late_reports(); !late.empty()) missing.push_back(std::move(late));
    if (status.draining) missing.push_back("draining: the node is being stopped");
    const bool ready = missing.empty();
    return json_response(ready ? http::status::ok : http::status::service_unavailable,
                         {{"ready", ready},
                          {"receiving", status.receiving},
                          {"refusing", status.refusing},
                          {"inferring", status.inferring},
                          {"stores_only", status.stores_only},
                          {"draining", status.draining},
                          {"not_ready", std::move(missing)},
                          {"troubles", status.troubles},
                          {"models", status.models}});
}

Response Api::metrics() {
    const auto counters = source_.counters();
    const auto gauges = source_.gauges();
    std::optional<StoredMetrics> stored;
    if (counters && gauges) stored = {*counters, *gauges};
    return text_response(http::status::ok, "text/plain; version=0.0.4; charset=utf-8",
                         metrics_text(stored, current()));
}

Response Api::status() {
    const auto queue = source_.queue();
    if (!queue) return database_error(queue.error());
    const auto destinations = source_.destinations();
    if (!destinations) return database_error(destinations.error());
    const auto status = current();
    return json_response(http::status::ok, {{"version", HILUM_VERSION},
                                            {"receiving", status.receiving},
                                            {"refusing", status.refusing},
                                            {"inferring", status.inferring},
                                            {"stores_only", status.stores_only},
                                            {"draining", status.draining},
                                            {"scp_port", status.scp_port},
                                            {"scp_tls_port", status.scp_tls_port},
                                            {"certificates", status.certificates},
                                            {"troubles", status.troubles},
                                            {"children", status.children},
                                            {"models", status.models},
                                            {"queue", *queue},
                                            {"destinations", *destinations},
                                            {"destination_states", status.destinations},
                                            {"audit_server_states", status.audit_servers}});
}

Response Api::studies(std::string_view query) {
    const auto filter = query_parameters(query).and_then(
        [](const Parameters& parameters) { return study_filter(parameters, now()); });
    if (!filter) return bad_request(filter.error());
    const auto studies = source_.studies(*filter);
    if (!studies) return database_error(studies.error());
    return json_response(http::status::ok, {{"studies", *studies}});
}

Response Api::jobs(std::string_view query) {
    const auto filter = query_parameters(query).and_then(job_filter);
    if (!filter) return bad_request(filter.error());
    const auto jobs = source_.jobs(*filter);
    if (!jobs) return database_error(jobs.error());
    return json_response(http::status::ok, {{"jobs", *jobs}});
}

}  // namespace hilum::monitor
