#include "pipeline/control/operator_audit.h"

#include <nlohmann/json.hpp>

#include "store/database/json_rows.h"
#include "unit/pipeline/lanes/lane_fixture.h"

namespace hilum {
namespace {

using namespace std::chrono_literals;

class OperatorAuditTest : public test::LaneTest {
  protected:
    nlohmann::json looks() {
        run_for(1s);
        return commit([](Transaction& t) {
            return sql::select(t,
                               "SELECT actor, study_instance_uid, json_extract(detail, '$.verb') AS verb,"
                               " json_extract(detail, '$.count') AS count,"
                               " json_extract(detail, '$.parameters') AS parameters"
                               " FROM audit_event WHERE type = 'operator_access' ORDER BY id");
        });
    }

    const std::string root_ = "operator uid 0 (root)", alice_ = "operator uid 1000 (alice)";
    EventKeeper events_{world_, commits_};
    OperatorAudit audit_{world_, events_};
};

TEST_F(OperatorAuditTest, TellsWhoLookedAtWhat) {
    ControlRequest studies{ControlVerb::studies};
    studies.filter = {{"study_instance_uid", "1.2.3"}, {"limit", "5"}};
    audit_.note(studies, root_);
    ControlRequest job{ControlVerb::jobs_show};
    job.kind = "report";
    job.id = 7;
    audit_.note(job, alice_);
    audit_.note({ControlVerb::status}, root_);
    const auto all = looks();
    ASSERT_EQ(all.size(), 2u) << all;
    EXPECT_EQ(all[0]["actor"], root_);
    EXPECT_EQ(all[0]["verb"], "studies");
    EXPECT_EQ(all[0]["study_instance_uid"], "1.2.3");
    EXPECT_EQ(all[0]["parameters"], R"({"study_instance_uid":"1.2.3"})");
    EXPECT_EQ(all[1]["actor"], alice_);
    EXPECT_EQ(all[1]["verb"], "jobs.show");
    EXPECT_EQ(all[1]["parameters"], R"({"id":"7","kind":"report"})");
}

TEST_F(OperatorAuditTest, TheSameLooksOfAMinuteAreOneEvent) {
    for (int page = 0; page < 50; ++page) {
        ControlRequest request{ControlVerb::audit_export};
        request.after = page * 1000;
        audit_.note(request, root_);
    }
    EXPECT_EQ(looks().size(), 1u);
    run_for(1min);
    auto all = looks();
    ASSERT_EQ(all.size(), 2u);
    EXPECT_EQ(all[0]["count"], 1);
    EXPECT_EQ(all[1]["count"], 49);
    run_for(1h);
    EXPECT_EQ(looks().size(), 2u);
    audit_.note({ControlVerb::audit_export}, root_);
    audit_.note({ControlVerb::audit_export}, alice_);
    EXPECT_EQ(looks().size(), 4u) << "anew, and of another";
}

}  // namespace
}  // namespace hilum
