// Jobs of an urgent study are urgent, whenever they are made (triggers of schema/010_jobs.sql).
#include <gtest/gtest.h>

#include "store/instance_store.h"
#include "unit/store/test_database.h"

namespace hilum {
namespace {

class UrgencyTest : public testing::Test {
  protected:
    void receive(const char* sop_instance_uid, const char* study) {
        test::instance_store(folder_).store(database_, test::received(sop_instance_uid, study));
    }
    void add_report(int study) {
        database_.execute("INSERT INTO report(study_id, model, version) VALUES(?1, 'demo', 1)", study);
        test::make_job(database_, Lane::report, "", database_.last_id(), study, JobState::queued);
        database_.execute(
            "INSERT INTO result(report_id, kind, sop_class_uid, sop_instance_uid, series_instance_uid,"
            " transfer_syntax_uid, file, sha256, created_at)"
            " SELECT max(id), 'sr', '1', 'r' || max(id), '1', '1', 'f', 's', 1 FROM report");
        database_.execute("INSERT INTO delivery(result_id, destination) SELECT max(id), 'pacs' FROM result");
        test::make_job(database_, Lane::delivery, "pacs", database_.last_id(), study, JobState::queued);
    }
    void make_urgent(const char* study) {
        database_.execute("UPDATE study SET urgent_at = 1 WHERE study_instance_uid = ?", study);
    }
    std::optional<std::int64_t> urgent(Lane lane) {
        return database_.number("SELECT sum(urgent) FROM job WHERE kind = ?", to_text(lane));
    }
    void expect_urgent(int analyses, int reports, int deliveries) {
        EXPECT_EQ(urgent(Lane::analysis), analyses);
        EXPECT_EQ(urgent(Lane::report), reports);
        EXPECT_EQ(urgent(Lane::delivery), deliveries);
    }
    test::TemporaryFolder folder_;
    test::TestDatabase database_ = test::open_database(folder_);
};

TEST_F(UrgencyTest, JobsThatAreThereBecomeUrgentWithTheirStudyAndOthersDoNot) {
    receive("1.1", "1.2.3");
    receive("1.2", "1.2.3");
    receive("2.1", "4.5.6");
    add_report(1);
    add_report(2);
    expect_urgent(0, 0, 0);
    make_urgent("1.2.3");
    expect_urgent(2, 1, 1);
}

TEST_F(UrgencyTest, JobsThatComeLaterAreUrgentToo) {
    receive("1.1", "1.2.3");
    receive("2.1", "4.5.6");
    make_urgent("1.2.3");
    receive("1.2", "1.2.3");
    receive("2.2", "4.5.6");
    add_report(1);
    add_report(2);
    expect_urgent(2, 1, 1);
}

}  // namespace
}  // namespace hilum
