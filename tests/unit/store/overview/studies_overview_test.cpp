// What is told of studies where the rows that tell of them are damaged.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "store/overview/overview.h"
#include "unit/store/test_database.h"

namespace hilum {
namespace {

class DamagedStudies : public testing::Test {
  protected:
    // Two studies, whose images were analysed in one way; the outcome of the second is no JSON.
    void analyse(JobState state, const char* outcome) {
        for (const std::string study : {"1.1", "1.2"}) {
            test::instance_store(folder_).store(database_, test::received(study + ".1", study));
            database_.execute(
                "INSERT INTO report(study_id, model, version) SELECT id, 'demo', 1 FROM study WHERE "
                "study_instance_uid = ?",
                study);
        }
        test::set_jobs(database_, Lane::analysis, state);
        database_.execute("UPDATE analysis SET outcome = iif(id = 1, ?, 'x{')", outcome);
    }
    nlohmann::json study(const std::string& uid) {
        auto reader = Overview::open(folder_.path() / "hilum.db").value();
        const auto listed = reader.studies({});
        EXPECT_TRUE(listed) << listed.error().message;
        if (!listed) return {};
        EXPECT_EQ(listed->size(), 2u);
        for (const auto& one : *listed)
            if (one.at("study_instance_uid") == uid) return one;
        return {};
    }

    test::TemporaryFolder folder_;
    test::TestDatabase database_ = test::open_database(folder_);
};

TEST_F(DamagedStudies, OfADiagnosisThatCannotBeReadHideNoOther) {
    analyse(JobState::analysed, R"({"result": {"diagnosis": "normal"}})");
    EXPECT_EQ(study("1.1")["diagnoses"], "normal");
    EXPECT_TRUE(study("1.2")["diagnoses"].is_null());
}

TEST_F(DamagedStudies, OfAReasonThatCannotBeReadHideNoOther) {
    analyse(JobState::not_analysed, R"({"not_analysed": {"message": "no chest"}})");
    EXPECT_EQ(study("1.1")["not_analysed"], "no chest");
    EXPECT_TRUE(study("1.2")["not_analysed"].is_null());
}

}  // namespace
}  // namespace hilum
