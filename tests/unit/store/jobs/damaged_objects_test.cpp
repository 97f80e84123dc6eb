#include "store/jobs/damaged_objects.h"

#include "unit/store/store_contract.h"

namespace hilum {
namespace {

class DamagedObjectsContract : public test::StoreContract {
  protected:
    // Its analysis finds that the file is not what was received.
    void find_damaged_when_analysed() {
        const auto claimed = *claim_analysis();
        commit([&](Transaction& t) {
            keep_analysis_failure(t, claimed, object_is_damaged("it is another").value(), {},
                                  configuration_.retry);
        });
        analysis_ = claimed.claim.job();
    }
    bool compose_finds_damaged(const ReportClaim& report, std::size_t image = 0) {
        ComposeReply reply;
        reply.job = report.claim.job();
        reply.error = Error{object_damaged, "it is another", Retry::later};
        const auto& asked = report.request.images.at(image);
        reply.damaged.push_back({asked.instance, asked.file, "it is another"});
        return keep(report.claim, reply);
    }
    StoredInstance send(const StoreCommit& commit_it) {
        return commit([&](Transaction& t) { return instances_.store(t, commit_it); });
    }
    static StoreCommit again(const std::string& uid, const std::string& bytes = "a") {
        auto commit = test::received(uid, "1.2.3", bytes);
        commit.file = "again/" + uid + bytes + ".dcm";
        return commit;
    }
    NextReport next_report(Duration after = std::chrono::minutes(10)) {
        pass(after);
        return claim_report();
    }

    std::int64_t analysis_ = 0;
};
HILUM_FOR_ALL_ENGINES(DamagedObjectsContract);

TEST_P(DamagedObjectsContract, AreSetAsideAndNothingIsToldOfThem) {
    receive("1.2.3.4");
    find_damaged_when_analysed();
    EXPECT_EQ(state(Lane::analysis, analysis_), "quarantined");
    EXPECT_NE(job(Lane::analysis, analysis_).at("error").get<std::string>().find("is damaged"),
              std::string::npos);
    EXPECT_EQ(events("object_damaged"), 1);
    EXPECT_EQ(counted("objects_damaged", {}), 1);
    EXPECT_FALSE(claim_report().report);
}

TEST_P(DamagedObjectsContract, AreReplacedByWhatIsSentAgainAndTheirWorkGoesOn) {
    receive("1.2.3.4");
    find_damaged_when_analysed();
    const auto stored = send(again("1.2.3.4"));
    EXPECT_TRUE(stored.answer.keep_file);
    EXPECT_EQ(stored.answer.outcome, StoreOutcome::duplicate);
    EXPECT_EQ(stored.replaced_file, test::received("1.2.3.4").file);
    EXPECT_EQ(events("object_mended"), 1);
    const auto claimed = claim_analysis();
    ASSERT_TRUE(claimed);
    EXPECT_EQ(claimed->file, again("1.2.3.4").file);
    EXPECT_EQ(claimed->claim.attempt(), 1);
    keep(*claimed);
    const auto next = claim_report();
    ASSERT_TRUE(next.report);
    EXPECT_EQ(next.report->request.images.size(), 1u);
}

TEST_P(DamagedObjectsContract, AreNotAdoptedForWhatTheirFilesAreNow) {
    receive("1.2.3.4");
    find_damaged_when_analysed();
    send(again("1.2.3.4"));
    auto other = test::received("1.2.3.4");
    other.dataset_sha256 = "another patient's";
    const auto adoption = commit([&](Transaction& t) { return instances_.adopt(t, other, time_); });
    EXPECT_EQ(adoption.outcome, Adoption::damaged);
}

TEST_P(DamagedObjectsContract, HoldBackNoOtherImageOfTheStudy) {
    receive("1.2.3.4");
    receive("1.2.3.5");
    keep(*claim_analysis());
    keep(*claim_analysis());
    auto next = claim_report();
    ASSERT_TRUE(next.report);
    ASSERT_EQ(next.report->request.images.size(), 2u);
    EXPECT_TRUE(compose_finds_damaged(*next.report));
    next = next_report();
    ASSERT_TRUE(next.report);
    ASSERT_EQ(next.report->request.images.size(), 1u);
    EXPECT_EQ(next.report->request.images.front().sop_instance_uid, "1.2.3.5");
    EXPECT_TRUE(keep(next.report->claim, composed(next.report->claim)));
    send(again("1.2.3.4"));
    next = next_report();
    ASSERT_TRUE(next.report) << "a version that tells of both";
    EXPECT_EQ(next.report->request.version, 2);
    EXPECT_EQ(next.report->request.images.size(), 2u);
}

TEST_P(DamagedObjectsContract, OfWhichAReportIsMadeWaitUntilTheyAreSentAgain) {
    receive("1.2.3.4");
    keep(*claim_analysis());
    auto next = claim_report();
    ASSERT_TRUE(next.report);
    const auto report = next.report->claim.job();
    EXPECT_TRUE(compose_finds_damaged(*next.report));
    EXPECT_FALSE(next_report().report);
    EXPECT_EQ(state(Lane::report, report), "quarantined");
    send(again("1.2.3.4"));
    next = next_report();
    ASSERT_TRUE(next.report);
    EXPECT_EQ(next.report->request.images.size(), 1u);
}

TEST_P(DamagedObjectsContract, AreReplacedByANewerVersionThatNoAnalysisTellsApart) {
    receive("1.2.3.4");
    send(again("1.2.3.4", "header"));
    find_damaged_when_analysed();
    auto once_more = again("1.2.3.4", "header");
    once_more.file = "once/more.dcm";
    const auto stored = send(once_more);
    EXPECT_TRUE(stored.answer.keep_file);
    EXPECT_EQ(stored.answer.outcome, StoreOutcome::duplicate);
    const auto claimed = claim_analysis();
    ASSERT_TRUE(claimed);
    EXPECT_EQ(claimed->stored.dataset_sha256, "dataheader");
}

TEST_P(DamagedObjectsContract, WhoseFileWasReplacedMeanwhileAreLookedAtAgain) {
    receive("1.2.3.4");
    const auto claimed = *claim_analysis();
    commit([&](Transaction& t) {
        const auto instance = claimed.instance;
        ASSERT_TRUE(keep_object_damaged(t, instance, claimed.file, "it is another"));
    });
    send(again("1.2.3.4"));
    commit([&](Transaction& t) {
        keep_analysis_failure(t, claimed, object_is_damaged("it is another").value(), {},
                              configuration_.retry);
    });
    EXPECT_EQ(events("object_damaged"), 1);
    const auto next = claim_analysis();
    ASSERT_TRUE(next);
    EXPECT_EQ(next->file, again("1.2.3.4").file);
}

}  // namespace
}  // namespace hilum
