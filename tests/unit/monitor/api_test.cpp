#include "monitor/api.h"

#include <gmock/gmock.h>

#include "monitor/metrics.h"

namespace hilum::monitor {
namespace {

namespace http = boost::beast::http;
using testing::HasSubstr;
using testing::Not;

DataSource source_with(std::vector<CounterValue> counters, std::vector<CounterValue> gauges,
                       JobFilter* asked = nullptr) {
    return {[=] { return Result<std::vector<CounterValue>>(counters); },
            [=] { return Result<std::vector<CounterValue>>(gauges); },
            [] {
                return Result<nlohmann::json>({{"analysis", {{"queued", 2}}}});
            },
            [] { return Result<nlohmann::json>(nlohmann::json::array()); },
            [](int limit) {
                return Result<nlohmann::json>(
                    nlohmann::json::array({{{"study_instance_uid", "1.2"}, {"limit", limit}}}));
            },
            [=](const JobFilter& filter) {
                if (asked != nullptr) *asked = filter;
                return Result<nlohmann::json>(nlohmann::json::array());
            }};
}

NodeStatus ready_status() {
    NodeStatus status;
    status.receiving = status.inferring = true;
    status.scp_port = 11112;
    status.children = {
        {{"role", "listener"}, {"name", ""}, {"pid", 12}, {"state", "running"}, {"restarts", 3}}};
    status.models = {
        {{"name", "demo"}, {"version", "1"}, {"sha256", "ab"}, {"device", "cpu"}, {"state", "ready"}}};
    return status;
}

nlohmann::json body_of(const Response& response) {
    return nlohmann::json::parse(response.body());
}

TEST(Healthz, AnswersWhateverTheNodeDoes) {
    Api api(source_with({}, {}));
    const auto response = api.answer(http::verb::get, "/healthz");
    EXPECT_EQ(response.result(), http::status::ok);
    EXPECT_EQ(response.body(), "ok\n");
}

TEST(Readyz, IsUnavailableUntilTheNodeSaysThatItReceivesAndInfers) {
    Api api(source_with({}, {}));
    auto response = api.answer(http::verb::get, "/readyz");
    EXPECT_EQ(response.result(), http::status::service_unavailable);
    EXPECT_EQ(body_of(response)["not_ready"].size(), 2u);
    api.set_status(ready_status());
    response = api.answer(http::verb::get, "/readyz");
    EXPECT_EQ(response.result(), http::status::ok);
    EXPECT_TRUE(body_of(response)["ready"]);
}

TEST(Readyz, TellsReceivingAndInferringApart) {
    Api api(source_with({}, {}));
    auto status = ready_status();
    status.inferring = false;
    api.set_status(status);
    const auto response = api.answer(http::verb::get, "/readyz");
    EXPECT_EQ(response.result(), http::status::service_unavailable);
    EXPECT_TRUE(body_of(response)["receiving"]);
    EXPECT_FALSE(body_of(response)["inferring"]);
    EXPECT_THAT(body_of(response)["not_ready"][0], HasSubstr("inferring"));
}

TEST(Readyz, IsUnavailableWhileDraining) {
    Api api(source_with({}, {}));
    auto status = ready_status();
    status.draining = true;
    api.set_status(status);
    EXPECT_EQ(api.answer(http::verb::get, "/readyz").result(), http::status::service_unavailable);
}

TEST(Metrics, ShowCountersGaugesAndTheNode) {
    const auto text = metrics_text({{"instances_received", {{"outcome", "stored"}}, 5}},
                                   {{"stored_bytes", {}, 1000}}, ready_status());
    EXPECT_THAT(text, HasSubstr("# TYPE hilum_instances_received_total counter"));
    EXPECT_THAT(text, HasSubstr("hilum_instances_received_total{outcome=\"stored\"} 5"));
    EXPECT_THAT(text, HasSubstr("# TYPE hilum_stored_bytes gauge"));
    EXPECT_THAT(text, HasSubstr("hilum_stored_bytes 1000"));
    EXPECT_THAT(text, HasSubstr("hilum_receiving 1"));
    EXPECT_THAT(text, HasSubstr("hilum_child_restarts_total{name=\"\",role=\"listener\"} 3"));
    EXPECT_THAT(text, HasSubstr("hilum_model_info{"));
}

TEST(Metrics, ShowMicrosecondsAsSeconds) {
    const auto text = metrics_text({{"inference_microseconds", {{"model", "demo"}}, 2'500'000}}, {}, {});
    EXPECT_THAT(text, HasSubstr("hilum_inference_seconds_total{model=\"demo\"} 2.5"));
    EXPECT_THAT(text, Not(HasSubstr("microseconds")));
}

TEST(Metrics, SurviveAStatusThatLacksMembers) {
    NodeStatus status;
    status.children = {{{"role", 7}}, {{"name", nullptr}}};
    status.models = {nlohmann::json::object()};
    EXPECT_THAT(metrics_text({}, {}, status), HasSubstr("hilum_child_up"));
}

TEST(ApiPaths, AnswerOnlyWhatExistsAndOnlyToItsMethods) {
    Api api(source_with({}, {}));
    EXPECT_EQ(api.answer(http::verb::get, "/nothing").result(), http::status::not_found);
    EXPECT_EQ(api.answer(http::verb::post, "/nothing").result(), http::status::not_found);
    const auto refused = api.answer(http::verb::delete_, "/healthz");
    EXPECT_EQ(refused.result(), http::status::method_not_allowed);
    EXPECT_EQ(refused[http::field::allow], "GET, HEAD");
    const auto predict = api.answer(http::verb::get, predict_path);
    EXPECT_EQ(predict.result(), http::status::method_not_allowed);
    EXPECT_EQ(predict[http::field::allow], "POST");
}

TEST(ApiJobs, PassOnTheFilterDecoded) {
    JobFilter asked;
    Api api(source_with({}, {}, &asked));
    const auto response = api.answer(
        http::verb::get, "/api/v1/jobs?accession_number=A%2F1+x&state=queued&limit=7&study_instance_uid=1.2");
    EXPECT_EQ(response.result(), http::status::ok);
    EXPECT_EQ(asked.accession_number, "A/1 x");
    EXPECT_EQ(asked.state, "queued");
    EXPECT_EQ(asked.study_instance_uid, "1.2");
    EXPECT_EQ(asked.limit, 7);
}

TEST(ApiStudies, LimitTheRowsWhateverIsAsked) {
    Api api(source_with({}, {}));
    const auto limit = [&](const char* target) {
        return body_of(api.answer(http::verb::get, target))["studies"][0]["limit"].get<int>();
    };
    EXPECT_EQ(limit("/api/v1/studies"), 100);
    EXPECT_EQ(limit("/api/v1/studies?limit=999999"), 1000);
    EXPECT_EQ(limit("/api/v1/studies?limit=-5"), 1);
    EXPECT_EQ(limit("/api/v1/studies?limit=many"), 100);
}

TEST(ApiDatabase, TroubleIsSaidWith503) {
    auto source = source_with({}, {});
    source.counters = []() -> Result<std::vector<CounterValue>> { return fail("database", "it is locked"); };
    Api api(source);
    const auto response = api.answer(http::verb::get, "/metrics");
    EXPECT_EQ(response.result(), http::status::service_unavailable);
    EXPECT_EQ(body_of(response)["error"]["code"], "database");
}

TEST(Dashboard, NeedsNothingFromElsewhere) {
    Api api(source_with({}, {}));
    const auto response = api.answer(http::verb::get, "/");
    EXPECT_EQ(response.result(), http::status::ok);
    EXPECT_THAT(response.body(), Not(HasSubstr("http://")));
    EXPECT_THAT(response.body(), Not(HasSubstr("https://")));
    EXPECT_THAT(std::string(response["Content-Security-Policy"]), HasSubstr("default-src 'none'"));
}

TEST(QueryParameter, ToleratesWhateverClientsSend) {
    EXPECT_EQ(query_parameter("a=1&b=%2", "b"), "%2");
    EXPECT_EQ(query_parameter("a=1&b=%zz", "b"), "%zz");
    EXPECT_EQ(query_parameter("&&=&a", "a"), "");
    EXPECT_EQ(query_parameter("", "a"), "");
}

}  // namespace
}  // namespace hilum::monitor
