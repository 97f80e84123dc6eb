// What a list costs is what it shows, not what there is: told by how often reading asks whether to stop, each
// time after so many steps of SQLite's.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "store/overview/overview.h"
#include "unit/store/test_database.h"

namespace hilum {
namespace {

constexpr int few =
    100;  // pieces of 1000 steps, of the many hundreds that a look at every study or job takes

class ListsCost : public testing::Test {
  protected:
    // Studies with an analysis that ended and a delivery that arrived, each.
    void SetUp() override {
        constexpr const char* numbers =
            "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < 5000) ";
        database_.execute(std::string(numbers) +
                          "INSERT INTO study(id, study_instance_uid, created_at, received_at) SELECT i, '1.' "
                          "|| i, i, i FROM n");
        database_.execute(
            "INSERT INTO report(id, study_id, model, version) SELECT id, id, 'm', 1 FROM study");
        database_.execute(
            "INSERT INTO result(id, report_id, kind, sop_class_uid, sop_instance_uid, series_instance_uid, "
            "transfer_syntax_uid, file, sha256, created_at) SELECT id, id, 'sr', '1', '2.' || id, '1', '1', "
            "'', '', 1 FROM "
            "report");
        database_.execute(
            "INSERT INTO delivery(id, result_id, destination) SELECT id, id, 'pacs' FROM result");
        for (const auto* const lane :
             {"'compose', id, id, 'done', 'composed'", "'deliver/pacs', id, id, 'done', 'delivered'"})
            database_.execute(
                std::string(
                    "INSERT INTO job(lane, subject, study_id, state, outcome, created_at, updated_at) "
                    "SELECT ") +
                lane + ", id, id FROM study");
    }
    template <typename Question>
    int cost_of(Question question) {
        int asked = 0;
        auto reader = Overview::open(folder_.path() / "hilum.db", [&] { return ++asked < 0; }).value();
        EXPECT_TRUE(question(reader));
        return asked;
    }
    int cost_of_studies(const std::string& state) {
        StudyFilter filter;
        filter.state = state;
        return cost_of([&](Overview& reader) { return reader.studies(filter); });
    }
    int cost_of_jobs(const std::string& state) {
        JobFilter filter;
        filter.state = state;
        filter.limit = 10;
        return cost_of([&](Overview& reader) { return reader.jobs(filter); });
    }

    test::TemporaryFolder folder_;
    test::TestDatabase database_ = test::open_database(folder_);
};

TEST_F(ListsCost, OfAStateThatNoStudyIsInIsThatOfFindingNone) {
    for (const auto* const state : {"withdrawn", "failed", "waiting", "sending", "discarded", "not_analysed"})
        EXPECT_LT(cost_of_studies(state), few) << state;
}

TEST_F(ListsCost, OfTheNewestJobsIsTheirs) {
    EXPECT_LT(cost_of_jobs(""), few);
    EXPECT_LT(cost_of_jobs("delivered"), few);
}

TEST_F(ListsCost, OfAStateThatNoJobIsInIsThatOfFindingNone) {
    for (const auto* const state :
         {"queued", "running", "quarantined", "refused", "expired", "discarded", "not_analysed", "prior"})
        EXPECT_LT(cost_of_jobs(state), few) << state;
}

}  // namespace
}  // namespace hilum
