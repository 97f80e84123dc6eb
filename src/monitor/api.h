// What the http process answers, apart from prediction: pure functions of the request, the node's status and
// the database.
#pragma once

#include <boost/beast/http.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "contract/analysis.h"
#include "contract/messages/monitoring.h"
#include "monitor/data_source.h"

namespace hilum::monitor {

using Response = boost::beast::http::response<boost::beast::http::string_body>;

inline constexpr const char* predict_path = "/api/v1/predict";

class Api {
  public:
    // How long the node may count as ready while nobody can tell whether its reports are late.
    static constexpr std::chrono::minutes longest_blind{1};
    using Clock = std::function<std::chrono::steady_clock::time_point()>;

    explicit Api(DataSource source, Clock clock = &std::chrono::steady_clock::now)
        : source_(std::move(source)), clock_(std::move(clock)) {}

    void set_status(NodeStatus status) { status_ = std::move(status); }
    // It gives no sign of life: what it told last is worth nothing.
    void set_coordinator_silent(bool silent) { coordinator_silent_ = silent; }

    // The answer to GET or HEAD `target` (the body is there for both); 404 for unknown paths, 405 for other
    // methods.
    Response answer(boost::beast::http::verb method, std::string_view target);

    // Whether the answer to `target` takes questions to the database, and so its time.
    static bool asks_database(std::string_view target);

  private:
    Response route(std::string_view path, std::string_view query);
    Response readiness();
    std::string late_reports();
    NodeStatus current() const;
    Response metrics();
    Response status();
    Response studies(std::string_view query);
    Response jobs(std::string_view query);

    DataSource source_;
    Clock clock_;
    std::optional<std::chrono::steady_clock::time_point> blind_since_;  // the database could not be read
    NodeStatus status_;
    bool coordinator_silent_ = false;
};

Response text_response(boost::beast::http::status status, std::string_view content_type, std::string body);
Response json_response(boost::beast::http::status status, const nlohmann::json& body);
Response error_response(boost::beast::http::status status, const std::string& code,
                        const std::string& message);

// The parameters of a query string, percent-decoded. Code "bad_request" for one that is there twice.
Result<Parameters> query_parameters(std::string_view query);

// The model that a request for a prediction names, empty for the first. Code "bad_request" for other
// parameters.
Result<std::string> predicting_model(std::string_view target);

}  // namespace hilum::monitor
