#include "store/overview/metric_catalogue.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "store/destinations.h"
#include "store/overview/gauges.h"
#include "unit/store/test_database.h"

namespace hilum {
namespace {

using namespace std::chrono_literals;

class MetricCatalogueTest : public testing::Test {
  protected:
    MetricCatalogueTest() {
        configuration_.models.emplace_back().package = "/models/demo";
        configuration_.destinations.emplace_back().name = "pacs";
        configuration_.destinations.emplace_back().name = "archive";
        configuration_.destinations.back().storage_commitment = true;
        create_counters(database_, configuration_);
    }
    std::optional<std::int64_t> counter(const std::string& name, const std::string& labels) {
        return database_.number("SELECT value FROM counter WHERE name = ? AND labels = ?", name, labels);
    }

    test::TemporaryFolder folder_;
    test::TestDatabase database_ = test::open_database(folder_);
    Configuration configuration_;
};

TEST_F(MetricCatalogueTest, CountersAreThereBeforeAnythingHappened) {
    EXPECT_EQ(counter("deliveries", R"({"destination":"pacs","outcome":"refused"})"), 0);
    EXPECT_EQ(counter("deliveries_expired", R"({"destination":"archive"})"), 0);
    EXPECT_EQ(counter("commitments", R"({"destination":"archive","outcome":"failed"})"), 0);
    EXPECT_FALSE(counter("commitments", R"({"destination":"pacs","outcome":"failed"})")) << "it is not asked";
    EXPECT_EQ(counter("jobs_quarantined", R"({"code":"process_died","kind":"analysis"})"), 0);
    EXPECT_EQ(counter("analysis_failures", R"({"code":"timeout","model":"demo"})"), 0);
    EXPECT_EQ(counter("model_events", R"({"event":"golden_failed","model":"demo"})"), 0);
    EXPECT_EQ(counter("clock_steps", R"({"direction":"back"})"), 0);
    EXPECT_EQ(counter("receipt_to_delivery_seconds_bucket", R"({"destination":"pacs","le":"+Inf"})"), 0);
}

TEST_F(MetricCatalogueTest, AStartTakesNothingFromWhatWasCounted) {
    database_.count("withdrawals", {{"reason", "safety"}}, 3);
    create_counters(database_, configuration_);
    EXPECT_EQ(counter("withdrawals", R"({"reason":"safety"})"), 3);
}

TEST_F(MetricCatalogueTest, DescribesEveryCounter) {
    sql::each(database_, "SELECT DISTINCT name FROM counter", [](const sql::Row& row) {
        auto name = row.text(0);
        if (const auto bucket = name.find(bucket_suffix); bucket != std::string::npos) name.resize(bucket);
        if (const auto sum = name.find(sum_suffix); sum != std::string::npos) {
            name.resize(sum);
            if (!name.ends_with("_seconds")) name += "_seconds";
        }
        EXPECT_TRUE(std::ranges::any_of(metric_catalogue(), [&](const auto& one) {
            return one.name == name;
        })) << name;
    });
}

TEST_F(MetricCatalogueTest, NoProcessCanMakeLabelsOfItsOwn) {
    EXPECT_EQ(failure_label("process_died"), "process_died");
    EXPECT_EQ(failure_label("PATIENT^NAME"), "other");
    EXPECT_EQ(not_analysed_label("view"), "view");
    EXPECT_EQ(not_analysed_label(""), "other");
}

TEST_F(MetricCatalogueTest, CodesThatAreKnownHaveSeriesFromTheStart) {
    for (const char* code : {"out_of_range", "no_font", "drawing", "too_large"}) {
        EXPECT_EQ(failure_label(code), code);
        EXPECT_EQ(counter("jobs_quarantined", fmt::format(R"({{"code":"{}","kind":"report"}})", code)), 0);
    }
    EXPECT_EQ(not_analysed_label("unsupported_compression"), "unsupported_compression");
    EXPECT_EQ(counter("analyses",
                      R"({"model":"demo","outcome":"not_analysed","reason":"unsupported_compression"})"),
              0);
}

TEST_F(MetricCatalogueTest, EachDiagnosisOfALoadedModelHasASeries) {
    create_diagnosis_counters(database_, "demo", {"Pneumonia", "indeterminate"});
    EXPECT_EQ(counter("analyses", R"({"diagnosis":"indeterminate","model":"demo","outcome":"analysed"})"), 0);
}

TEST_F(MetricCatalogueTest, ObservationsFallIntoOneBucketEach) {
    const nlohmann::json pacs = {{"destination", "pacs"}};
    for (const Duration duration : {Duration(-1h), Duration(1s), Duration(1s + 1us), Duration(25h)})
        database_.at(now()).observe("receipt_to_delivery_seconds", pacs, duration);
    EXPECT_EQ(counter("receipt_to_delivery_seconds_bucket", R"({"destination":"pacs","le":"1"})"), 2);
    EXPECT_EQ(counter("receipt_to_delivery_seconds_bucket", R"({"destination":"pacs","le":"2"})"), 1);
    EXPECT_EQ(counter("receipt_to_delivery_seconds_bucket", R"({"destination":"pacs","le":"5"})"), 0);
    EXPECT_EQ(counter("receipt_to_delivery_seconds_bucket", R"({"destination":"pacs","le":"+Inf"})"), 1);
    EXPECT_EQ(counter("receipt_to_delivery_seconds_microseconds", R"({"destination":"pacs"})"),
              (2s + 1us + 25h).count());
}

TEST_F(MetricCatalogueTest, ADeliveryIsTimedOnceFromTheReceiptOfTheFirstImage) {
    const std::int64_t at = to_microseconds(now());
    database_.execute("INSERT INTO study(study_instance_uid, created_at) VALUES('1.2', ?)", at);
    database_.execute(
        "INSERT INTO report(study_id, model, version, received_at) VALUES(1, 'demo', 1, ?1 - 8000000)", at);
    database_.execute(
        "INSERT INTO result(report_id, kind, sop_class_uid, sop_instance_uid, series_instance_uid,"
        " transfer_syntax_uid, file, sha256, created_at) VALUES(1, 'sr', '1', '1.1', '1', '1', 'f', 's', 1)");
    database_.execute("INSERT INTO delivery(result_id, destination) VALUES(1, 'pacs')");
    note_delivered(database_, "pacs", 1);
    note_delivered(database_, "pacs", 1);  // it was sent again
    EXPECT_EQ(counter("receipt_to_delivery_seconds_bucket", R"({"destination":"pacs","le":"10"})"), 1);
}

TEST_F(MetricCatalogueTest, GaugesTellDepthAndAgeOfEachQueue) {
    const std::int64_t at = to_microseconds(now());
    database_.execute("INSERT INTO study(study_instance_uid, created_at) VALUES('1.2', ?)", at);
    database_.execute("INSERT INTO report(study_id, model, version) VALUES(1, 'demo', 1)");
    test::make_job(database_, Lane::report, "", 1, 1, JobState::composed, at);
    database_.execute(
        "INSERT INTO result(report_id, kind, sop_class_uid, sop_instance_uid, series_instance_uid,"
        " transfer_syntax_uid, file, sha256, created_at) VALUES(1, 'sr', '1', '1.1', '1', '1', 'f', 's', 1)");
    database_.execute("INSERT INTO delivery(result_id, destination) VALUES(1, 'pacs'), (1, 'archive')");
    test::make_job(database_, Lane::delivery, "pacs", 1, 1, JobState::queued, at - 60'500'000);
    test::make_job(database_, Lane::delivery, "archive", 2, 1, JobState::delivered, at);
    std::map<std::string, std::int64_t> gauges;
    for (const auto& gauge : read_gauges(database_)) {
        std::string labels;
        for (const auto& [key, text] : gauge.labels) labels += " " + text;
        gauges[gauge.name + labels] = gauge.value;
    }
    EXPECT_EQ(gauges.at("waiting_deliveries pacs"), 1);
    EXPECT_EQ(gauges.at("oldest_waiting_delivery_seconds pacs"), 60);
    EXPECT_FALSE(gauges.contains("waiting_deliveries archive"));
    EXPECT_EQ(gauges.at("waiting_jobs delivery"), 1);
    EXPECT_EQ(gauges.at("waiting_jobs analysis"), 0);
    EXPECT_EQ(gauges.at("oldest_waiting_seconds delivery"), 60);
    EXPECT_EQ(gauges.at("oldest_waiting_job_seconds"), 60);
    EXPECT_EQ(gauges.at("jobs analysis quarantined"), 0);
    EXPECT_EQ(gauges.at("jobs delivery queued"), 1);
}

}  // namespace
}  // namespace hilum
