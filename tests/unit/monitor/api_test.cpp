#include "monitor/api.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

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
            [](const StudyFilter& filter) {
                return Result<nlohmann::json>(nlohmann::json::array({{{"patient_id", filter.patient_id},
                                                                      {"state", filter.state},
                                                                      {"since", filter.since},
                                                                      {"limit", filter.limit}}}));
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
    status.children = {{"listener", "", 12, ChildState::running, 3, "", 0, 0, ""}};
    status.models.resize(1);
    status.models[0].state = ModelState::ready;
    status.models[0].serving = {"demo", "1", "ab", "cpu", 1, 0};
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

// As it was configured to be: nobody is to restart it, or to take it from the network.
TEST(Readyz, IsReadyWhereNothingIsToBeInferredAndSaysThatItOnlyStores) {
    Api api(source_with({}, {}));
    auto status = ready_status();
    status.models.clear();
    status.inferring = false;
    status.stores_only = true;
    api.set_status(status);
    auto response = api.answer(http::verb::get, "/readyz");
    EXPECT_EQ(response.result(), http::status::ok);
    EXPECT_FALSE(body_of(response)["inferring"]);
    EXPECT_TRUE(body_of(response)["stores_only"]);
    EXPECT_TRUE(body_of(api.answer(http::verb::get, "/api/v1/status"))["stores_only"]);
    const auto text = metrics_text(StoredMetrics{}, status);
    EXPECT_THAT(text, HasSubstr("hilum_inferring 0"));
    EXPECT_THAT(text, HasSubstr("hilum_stores_only 1"));
    status.receiving = false;
    api.set_status(status);
    EXPECT_EQ(api.answer(http::verb::get, "/readyz").result(), http::status::service_unavailable);
}

TEST(Readyz, IsUnavailableWhileTheCoordinatorIsSilentWhateverItSaidLast) {
    Api api(source_with({}, {}));
    api.set_status(ready_status());
    api.set_coordinator_silent(true);
    const auto response = api.answer(http::verb::get, "/readyz");
    EXPECT_EQ(response.result(), http::status::service_unavailable);
    EXPECT_FALSE(body_of(response)["receiving"]);
    EXPECT_EQ(body_of(response)["refusing"], "");
    EXPECT_THAT(body_of(response)["not_ready"][0], HasSubstr("coordinator"));
    EXPECT_THAT(api.answer(http::verb::get, "/metrics").body(), HasSubstr("hilum_receiving 0"));
    api.set_coordinator_silent(false);
    EXPECT_EQ(api.answer(http::verb::get, "/readyz").result(), http::status::ok);
}

TEST(Readyz, IsUnavailableWhileDraining) {
    Api api(source_with({}, {}));
    auto status = ready_status();
    status.draining = true;
    api.set_status(status);
    EXPECT_EQ(api.answer(http::verb::get, "/readyz").result(), http::status::service_unavailable);
}

TEST(Metrics, ShowCountersGaugesAndTheNode) {
    const auto text = metrics_text(
        StoredMetrics{{{"instances_received", {{"outcome", "stored"}}, 5}}, {{"stored_bytes", {}, 1000}}},
        ready_status());
    EXPECT_THAT(text, HasSubstr("# TYPE hilum_instances_received_total counter"));
    EXPECT_THAT(text, HasSubstr("hilum_instances_received_total{outcome=\"stored\"} 5"));
    EXPECT_THAT(text, HasSubstr("# TYPE hilum_stored_bytes gauge"));
    EXPECT_THAT(text, HasSubstr("hilum_stored_bytes 1000"));
    EXPECT_THAT(text, HasSubstr("hilum_receiving 1"));
    EXPECT_THAT(text, HasSubstr("hilum_child_restarts_total{name=\"\",role=\"listener\"} 3"));
    EXPECT_THAT(text, HasSubstr("hilum_model_info{"));
    EXPECT_THAT(text, HasSubstr("hilum_metrics_complete 1"));
}

TEST(Readyz, IsUnavailableWhereNobodyCouldTellForAMinuteWhetherReportsAreLate) {
    bool readable = false;
    auto source = source_with({}, {});
    source.gauges = [&]() -> Result<std::vector<CounterValue>> {
        if (readable) return std::vector<CounterValue>{};
        return fail("database", "unable to open database file");
    };
    std::chrono::steady_clock::time_point time{};
    Api api(std::move(source), [&time] { return time; });
    api.set_status(ready_status());
    const auto answered = [&] { return api.answer(http::verb::get, "/readyz").result(); };
    EXPECT_EQ(answered(), http::status::ok);
    time += std::chrono::seconds(59);
    EXPECT_EQ(answered(), http::status::ok);
    time += std::chrono::seconds(1);
    EXPECT_EQ(answered(), http::status::service_unavailable);
    EXPECT_THAT(body_of(api.answer(http::verb::get, "/readyz"))["not_ready"][0],
                HasSubstr("unable to open database file"));
    readable = true;
    EXPECT_EQ(answered(), http::status::ok);
    readable = false;
    EXPECT_EQ(answered(), http::status::ok) << "from then on anew";
}

// An alarm that falls silent with the database alarms nobody.
TEST(Metrics, TellOfADatabaseThatCannotBeRead) {
    auto source = source_with({}, {});
    source.counters = []() -> Result<std::vector<CounterValue>> { return fail("database", "it is locked"); };
    Api api(std::move(source));
    auto status = ready_status();
    status.refusing = "database";
    status.troubles = {{"database", "disk I/O error", "2026-11-28T10:00:00Z"}};
    status.destinations = {{"pacs", DestinationState::up, "", ""}};
    api.set_status(status);
    const auto response = api.answer(http::verb::get, "/metrics");
    EXPECT_EQ(response.result(), http::status::ok);
    EXPECT_THAT(response.body(), HasSubstr("hilum_metrics_complete 0"));
    EXPECT_THAT(response.body(), HasSubstr("hilum_node_trouble{where=\"database\"} 1"));
    EXPECT_THAT(response.body(), HasSubstr("hilum_receiving_refused{reason=\"database\"} 1"));
    EXPECT_THAT(response.body(), Not(HasSubstr("hilum_waiting_deliveries"))) << "nobody knows";
}

TEST(Metrics, ShowMicrosecondsAsSeconds) {
    const auto text =
        metrics_text(StoredMetrics{{{"inference_microseconds", {{"model", "demo"}}, 2'500'000}}}, {});
    EXPECT_THAT(text, HasSubstr("hilum_inference_seconds_total{model=\"demo\"} 2.5"));
    EXPECT_THAT(text, Not(HasSubstr("microseconds")));
}

TEST(Metrics, ShowWhatWasObservedAsAHistogram) {
    const auto text = metrics_text(
        StoredMetrics{{{"receipt_to_report_seconds_bucket", {{"model", "demo"}, {"le", "10"}}, 3},
                       {"receipt_to_report_seconds_bucket", {{"model", "demo"}, {"le", "2"}}, 1},
                       {"receipt_to_report_seconds_bucket", {{"model", "demo"}, {"le", "+Inf"}}, 1},
                       {"receipt_to_report_seconds_microseconds", {{"model", "demo"}}, 100'500'000}}},
        {});
    EXPECT_THAT(text, HasSubstr("# TYPE hilum_receipt_to_report_seconds histogram"));
    EXPECT_THAT(text, HasSubstr("hilum_receipt_to_report_seconds_bucket{model=\"demo\",le=\"2\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("hilum_receipt_to_report_seconds_bucket{model=\"demo\",le=\"10\"} 4\n"));
    EXPECT_THAT(text, HasSubstr("hilum_receipt_to_report_seconds_bucket{model=\"demo\",le=\"+Inf\"} 5\n"));
    EXPECT_THAT(text, HasSubstr("hilum_receipt_to_report_seconds_count{model=\"demo\"} 5\n"));
    EXPECT_THAT(text, HasSubstr("hilum_receipt_to_report_seconds_sum{model=\"demo\"} 100.5\n"));
}

TEST(Metrics, HaveAQueueForEachDestinationAlsoWhereNothingWaits) {
    auto status = ready_status();
    status.destinations = {{"pacs", DestinationState::up, "", ""}, {"ris", DestinationState::up, "", ""}};
    const auto text =
        metrics_text(StoredMetrics{{}, {{"waiting_deliveries", {{"destination", "ris"}}, 7}}}, status);
    EXPECT_THAT(text, HasSubstr("hilum_waiting_deliveries{destination=\"pacs\"} 0"));
    EXPECT_THAT(text, HasSubstr("hilum_waiting_deliveries{destination=\"ris\"} 7"));
    EXPECT_THAT(text, Not(HasSubstr("hilum_waiting_deliveries{destination=\"ris\"} 0")));
}

TEST(Readyz, SaysThatTheDiskIsFullWhereThePortIsOpenAndNothingIsTaken) {
    Api api(source_with({}, {}));
    auto status = ready_status();
    status.receiving = false;
    status.refusing = "disk";
    api.set_status(status);
    auto body = body_of(api.answer(http::verb::get, "/readyz"));
    EXPECT_EQ(body["refusing"], "disk");
    EXPECT_THAT(body["not_ready"][0], HasSubstr("refusing: disk"));
    EXPECT_THAT(metrics_text(StoredMetrics{}, status),
                HasSubstr("hilum_receiving_refused{reason=\"disk\"} 1"));
    status.scp_port = 0;
    status.refusing = "";
    api.set_status(status);
    body = body_of(api.answer(http::verb::get, "/readyz"));
    EXPECT_EQ(body["refusing"], "");
    EXPECT_THAT(body["not_ready"][0], HasSubstr("port is not open"));
}

TEST(Readyz, SaysThatTheDatabaseFailsAndWhy) {
    Api api(source_with({}, {}));
    auto status = ready_status();
    status.receiving = false;
    status.refusing = "database";
    status.troubles = {{"database", "/var/lib/hilum/hilum.db: disk I/O error", "2026-11-28T10:00:00Z"}};
    api.set_status(status);
    const auto body = body_of(api.answer(http::verb::get, "/readyz"));
    EXPECT_EQ(body["refusing"], "database");
    EXPECT_THAT(body["not_ready"].dump(), HasSubstr("/var/lib/hilum/hilum.db: disk I/O error"));
    const auto text = metrics_text(StoredMetrics{}, status);
    EXPECT_THAT(text, HasSubstr("hilum_receiving_refused{reason=\"database\"} 1"));
    EXPECT_THAT(text, HasSubstr("hilum_node_trouble{where=\"database\"} 1"));
    EXPECT_THAT(text, HasSubstr("hilum_node_trouble{where=\"receiving\"} 0"));
}

// One object says nothing of the others, and what the node itself cannot write says it of all.
TEST(Readyz, SaysThatNothingCanBeStoredAndWhy) {
    Api api(source_with({}, {}));
    auto status = ready_status();
    status.troubles = {{"receiving", "spool/2026: Input/output error", "2026-11-28T10:00:00Z"}};
    api.set_status(status);
    EXPECT_EQ(api.answer(http::verb::get, "/readyz").result(), http::status::ok);
    status.receiving = false;
    status.refusing = "files";
    api.set_status(status);
    const auto response = api.answer(http::verb::get, "/readyz");
    EXPECT_EQ(response.result(), http::status::service_unavailable);
    EXPECT_THAT(body_of(response)["not_ready"].dump(), HasSubstr("spool/2026: Input/output error"));
    EXPECT_THAT(metrics_text(StoredMetrics{}, status),
                HasSubstr("hilum_receiving_refused{reason=\"files\"} 1"));
}

TEST(Metrics, TellOfAModelThatDoesNotServe) {
    NodeStatus status;
    status.models.resize(2);
    status.models[0].package = "demo";
    status.models[1].package = "trial";
    for (const char* model : {"demo", "trial"})
        EXPECT_THAT(metrics_text(StoredMetrics{}, status),
                    HasSubstr(fmt::format("hilum_model_info{{device=\"\",model=\"{}\",name=\"\",sha256=\"\","
                                          "state=\"loading\",version=\"\"}} 1",
                                          model)));
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

TEST(ApiStudies, PassOnTheFilter) {
    Api api(source_with({}, {}));
    const auto asked = [&](const char* target) {
        return body_of(api.answer(http::verb::get, target))["studies"][0];
    };
    EXPECT_EQ(asked("/api/v1/studies")["limit"], 100);
    const auto all =
        asked("/api/v1/studies?patient_id=P%2F1&state=failed&since=2026-11-23T10:00:00Z&limit=1000");
    EXPECT_EQ(all["patient_id"], "P/1");
    EXPECT_EQ(all["state"], "failed");
    EXPECT_EQ(all["since"], 1795428000000000);
    EXPECT_EQ(all["limit"], 1000);
}

TEST(ApiLists, RefuseWhatTheyDoNotKnowInWords) {
    Api api(source_with({}, {}));
    const auto refused = [&](const char* target) {
        const auto response = api.answer(http::verb::get, target);
        EXPECT_EQ(response.result(), http::status::bad_request) << target;
        EXPECT_EQ(body_of(response)["error"]["code"], "bad_request") << target;
        return body_of(response)["error"]["message"].get<std::string>();
    };
    EXPECT_THAT(refused("/api/v1/jobs?state=failed"), HasSubstr("quarantined"));
    EXPECT_THAT(refused("/api/v1/jobs?accession=A1"), HasSubstr("accession_number"));
    EXPECT_THAT(refused("/api/v1/jobs?state=queued&state=running"), HasSubstr("twice"));
    EXPECT_THAT(refused("/api/v1/jobs?limit=many"), HasSubstr("whole number"));
    EXPECT_THAT(refused("/api/v1/jobs?limit=0"), HasSubstr("from 1"));
    EXPECT_THAT(refused("/api/v1/jobs?study_instance_uid=DOE"), HasSubstr("no Study Instance UID"));
    EXPECT_THAT(refused("/api/v1/studies?state=quarantined"), HasSubstr("failed"));
    EXPECT_THAT(refused("/api/v1/studies?since=yesterday"), HasSubstr("no time"));
    EXPECT_THAT(refused("/api/v1/studies?since=2999-01-01"), HasSubstr("still to come"));
    EXPECT_THAT(refused("/api/v1/studies?limit=99999999999"), HasSubstr("10000"));
    EXPECT_THAT(refused("/api/v1/status?verbose=1"), HasSubstr("no parameters"));
}

TEST(ApiStatus, TellsOfDestinationsAndAuditServersThatNothingWasSentToYet) {
    Api api(source_with({}, {}));
    auto status = ready_status();
    status.destinations = {{"pacs", DestinationState::down, "2026-11-28T10:00:00Z", "connection refused"}};
    status.audit_servers = {{"siem", DestinationState::down, "2026-11-28T10:00:00Z", "no route"}};
    api.set_status(status);
    const auto body = body_of(api.answer(http::verb::get, "/api/v1/status"));
    EXPECT_TRUE(body["destinations"].empty());
    EXPECT_EQ(body["destination_states"][0]["error"], "connection refused");
    EXPECT_EQ(body["audit_server_states"][0]["name"], "siem");
    EXPECT_EQ(body["audit_server_states"][0]["state"], "down");
}

TEST(Dashboard, NeedsNothingFromElsewhere) {
    Api api(source_with({}, {}));
    const auto response = api.answer(http::verb::get, "/");
    EXPECT_EQ(response.result(), http::status::ok);
    EXPECT_THAT(response.body(), Not(HasSubstr("http://")));
    EXPECT_THAT(response.body(), Not(HasSubstr("https://")));
    EXPECT_THAT(std::string(response["Content-Security-Policy"]), HasSubstr("default-src 'none'"));
}

TEST(QueryParameters, AreDecodedWhateverClientsSend) {
    const auto value = [](std::string_view query, const std::string& name) {
        return query_parameters(query).value().at(name);
    };
    EXPECT_EQ(value("a=1&b=%2", "b"), "%2");
    EXPECT_EQ(value("a=1&b=%zz", "b"), "%zz");
    EXPECT_EQ(value("a%20b=x+y%2F", "a b"), "x y/");
    EXPECT_EQ(value("&&=&a", "a"), "");
    EXPECT_TRUE(query_parameters("").value().empty());
    EXPECT_FALSE(query_parameters("a=1&%61=2"));
}

TEST(PredictingModel, IsTheOnlyParameter) {
    EXPECT_EQ(predicting_model("/api/v1/predict").value(), "");
    EXPECT_EQ(predicting_model("/api/v1/predict?model=chest+x").value(), "chest x");
    EXPECT_FALSE(predicting_model("/api/v1/predict?modle=chest"));
}

}  // namespace
}  // namespace hilum::monitor
