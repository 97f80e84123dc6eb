// What every implementation of the store promises. These tests know it by its functions alone: they speak no
// SQL, and take their database from an Engine. A second engine is held to the same by a line in `engines`.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>

#include "store/instance_store.h"
#include "store/jobs/analyses.h"
#include "store/jobs/deliveries.h"
#include "store/jobs/due_reports.h"
#include "store/jobs/reports.h"
#include "store/overview/overview.h"
#include "unit/store/test_database.h"

namespace hilum::test {

struct Engine {
    const char* name;
    Result<Database> (*open)(const std::filesystem::path& file, Database::Access access);
    Result<Overview> (*overview)(const std::filesystem::path& file);
};
inline constexpr Engine engines[] = {
    {"sqlite",
     [](const std::filesystem::path& file, Database::Access access) { return Database::open(file, access); },
     [](const std::filesystem::path& file) { return Overview::open(file); }}};

inline void PrintTo(const Engine& engine, std::ostream* out) {
    *out << engine.name;
}

// A store whose clock a test sets, with one model and one destination.
class StoreContract : public testing::TestWithParam<Engine> {
  protected:
    StoreContract() {
        configuration_.models.emplace_back().package = "demo";
        auto& pacs = configuration_.destinations.emplace_back();
        pacs.name = "pacs";
        pacs.storage_commitment = false;
    }
    DestinationSettings& pacs() { return configuration_.destinations.front(); }

    // Each call is a transaction of its own.
    template <typename Work>
    auto commit(Work work) {
        auto result = database_.transact(time_, std::move(work));
        if (!result) throw std::runtime_error(result.error().message);
        if constexpr (!std::is_void_v<std::invoke_result_t<Work, Transaction&>>) return std::move(*result);
    }
    void pass(Duration time) { time_ += time; }

    void receive(const std::string& uid, const std::string& study = "1.2.3") {
        commit([&](Transaction& t) { instances_.store(t, received(uid, study)); });
    }
    std::optional<AnalysisClaim> claim_analysis(Duration lease = std::chrono::minutes(1)) {
        return commit([&](Transaction& t) { return hilum::claim_analysis(t, "demo", lease); });
    }
    bool keep(const AnalysisClaim& claimed, bool urgent = false) {
        AnalysisEnd end;
        end.outcome.result.emplace().diagnosis = "normal";
        end.urgent = urgent;
        return commit([&](Transaction& t) { return keep_outcome(t, claimed, end); });
    }
    int take_up() {
        return commit([&](Transaction& t) { return take_up_expired(t); });
    }
    // The report of the study whose images were analysed.
    NextReport claim_report() {
        pass(configuration_.study.max_wait);
        return commit([&](Transaction& t) {
            open_due_reports(t, configuration_);
            return hilum::claim_report(t, configuration_, directory_, std::chrono::minutes(3));
        });
    }
    static ComposeReply composed(const Claim& claim, const std::string& uid = "9.1") {
        ComposeReply reply;
        reply.job = claim.job();
        auto& result = reply.results.emplace_back();
        result.kind = ResultKind::sr;
        result.sop_instance_uid = uid;
        result.file = "/results/" + uid + ".dcm";
        result.destinations = {"pacs"};
        return reply;
    }
    bool keep(const Claim& claim, const ComposeReply& reply) {
        return commit([&](Transaction& t) { return keep_composed(t, claim, reply, configuration_); });
    }
    // A study of which a result waits for the destination.
    void make_delivery(const std::string& uid = "1.2.3.4", const std::string& study = "1.2.3") {
        receive(uid, study);
        keep(*claim_analysis());
        const auto next = claim_report();
        keep(next.report->claim, composed(next.report->claim, "9." + uid));
    }
    std::optional<DeliveryClaim> claim_delivery() {
        return commit([&](Transaction& t) { return std::move(claim_sending(t, pacs()).delivery); });
    }
    std::optional<JobState> keep(const DeliveryClaim& claimed, DeliveryOutcome outcome) {
        const DeliverReply reply{claimed.claim.job(), outcome, -1, "", false};
        return commit([&](Transaction& t) { return keep_delivery(t, claimed, reply, pacs()); });
    }

    nlohmann::json job(Lane lane, std::int64_t id) { return overview().job(to_text(lane), id).value(); }
    std::string state(Lane lane, std::int64_t id) { return job(lane, id).at("state"); }
    // How many events of this type the audit trail has.
    std::int64_t events(const std::string& type) {
        const auto all = overview().audit_events(0, 1000).value();
        return std::ranges::count_if(all, [&](const auto& event) { return event.at("type") == type; });
    }
    std::int64_t counted(const std::string& name, const Labels& labels) {
        const auto all = overview().counters().value();
        const auto found = std::ranges::find_if(
            all, [&](const auto& one) { return one.name == name && one.labels == labels; });
        return found == all.end() ? 0 : found->value;
    }

    TemporaryFolder folder_;
    DataDirectory directory_{folder_.path()};
    Timestamp time_ = now();
    Configuration configuration_;
    Database database_ = std::move(*GetParam().open(directory_.database(), Database::Access::read_write));
    InstanceStore instances_ = instance_store(folder_);

  private:
    Overview overview() { return std::move(*GetParam().overview(directory_.database())); }
};

#define HILUM_FOR_ALL_ENGINES(suite)                                                  \
    INSTANTIATE_TEST_SUITE_P(Store, suite, testing::ValuesIn(::hilum::test::engines), \
                             [](const auto& engine) { return std::string(engine.param.name); })

}  // namespace hilum::test
