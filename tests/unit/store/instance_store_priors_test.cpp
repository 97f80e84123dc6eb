#include "store/overview/overview.h"
#include "unit/store/instance_store_fixture.h"

namespace hilum {
namespace {

TEST_F(InstanceStoreTest, APriorSentAgainUnderAnotherSettingIsAnalysed) {
    auto commit = received("1.2.3.4");
    commit.header.study_date = "20100101";
    receive(commit);
    EXPECT_EQ(receive(commit).outcome, StoreOutcome::duplicate);
    EXPECT_THAT(text("SELECT not_analysed FROM instance"),
                testing::HasSubstr("Study Date 20100101 was more than study.max_age (7d 0h) ago on 2"));

    StudySettings settings;
    settings.max_age.reset();
    store_ = test::instance_store(folder_, settings);
    EXPECT_EQ(receive(commit).outcome, StoreOutcome::no_longer_prior);
    EXPECT_EQ(analysed_data(), "dataa");
    EXPECT_EQ(count("SELECT count(*) FROM job WHERE state = 'queued'"), 1);
    EXPECT_EQ(count("SELECT count(*) FROM study WHERE due_at IS NOT NULL"), 1);
    EXPECT_EQ(receive(commit).outcome, StoreOutcome::duplicate);
    EXPECT_EQ(count("SELECT count(*) FROM analysis"), 1);
}

TEST_F(InstanceStoreTest, APriorSentAgainWithARightDateIsAnalysed) {
    auto commit = received("1.2.3.4");
    commit.header.study_date = "20100101";
    receive(commit);
    auto corrected = received("1.2.3.4", "1.2.3", "b", "n");
    corrected.header.study_date = to_dicom_date(now());
    EXPECT_EQ(receive(corrected).outcome, StoreOutcome::new_version);
    EXPECT_EQ(analysed_data(), "datab");
}

TEST_F(InstanceStoreTest, AnotherHeaderOfAPriorUnderAnotherSettingHasItAnalysed) {
    auto commit = received("1.2.3.4", "1.2.3", "a", "m");
    commit.header.study_date = "20100101";
    receive(commit);
    StudySettings settings;
    settings.max_age.reset();
    store_ = test::instance_store(folder_, settings);
    auto other = received("1.2.3.4", "1.2.3", "b", "m");
    other.header.study_date = "20100101";
    receive(other);
    EXPECT_EQ(analysed_data(), "dataa");
    EXPECT_EQ(count("SELECT count(*) FROM job WHERE state = 'queued'"), 1);
}

TEST_F(InstanceStoreTest, AnOperatorHasPriorsAnalysed) {
    auto commit = received("1.2.3.4");
    commit.header.study_date = "20100101";
    receive(commit);
    const JobSelection other{"", 0, "9.9", ""}, study{"", 0, "1.2.3", ""};
    EXPECT_EQ(store_.analyse_priors(database_, {"analysis", 1, "", ""}, "operator"), 0);
    EXPECT_EQ(store_.analyse_priors(database_, other, "operator"), 0);
    EXPECT_EQ(store_.analyse_priors(database_, study, "operator"), 1);
    EXPECT_EQ(store_.analyse_priors(database_, study, "operator"), 0);
    EXPECT_EQ(analysed_data(), "dataa");
    EXPECT_EQ(count("SELECT count(*) FROM audit_event WHERE type = 'prior_analysed' AND actor = 'operator'"),
              1);
}

TEST_F(InstanceStoreTest, APriorEndsAWithdrawalWhereItIsNamedAndNotWithItsStudy) {
    auto commit = received("1.2.3.4");
    commit.header.study_date = "20100101";
    receive(commit);
    database_.execute("UPDATE study SET withdrawn_at = 5");
    EXPECT_EQ(store_.analyse_priors(database_, {"", 0, "1.2.3", ""}, "operator"), 1);
    EXPECT_EQ(count("SELECT count(*) FROM study WHERE withdrawn_at = 5 AND due_at IS NOT NULL"), 1);
    database_.execute("UPDATE instance SET state = 'prior'");
    EXPECT_EQ(store_.analyse_priors(database_, {"instance", 1, "", ""}, "operator"), 1);
    EXPECT_EQ(count("SELECT count(*) FROM study WHERE withdrawn_at IS NULL AND due_at IS NOT NULL"), 1);
}

TEST_F(InstanceStoreTest, ACorrectedVersionOfWhatWasAnalysedIsNoPrior) {
    auto commit = received("1.2.3.4");
    commit.header.study_date = "20100101";
    receive(commit);
    store_.analyse_priors(database_, {"", 0, "1.2.3", ""}, "operator");
    auto corrected = received("1.2.3.4", "1.2.3", "b", "n");
    corrected.header.study_date = "20100101";
    EXPECT_EQ(receive(corrected).outcome, StoreOutcome::new_version);
    EXPECT_EQ(analysed_data(), "datab") << "a report that tells of the old one must be revised";
    EXPECT_EQ(count("SELECT count(*) FROM study WHERE due_at IS NOT NULL"), 1);
}

TEST_F(InstanceStoreTest, TheListOfJobsSaysWhyAPriorHasNone) {
    auto commit = received("1.2.3.4");
    commit.header.study_date = "20100101";
    receive(commit);
    auto reader = Overview::open(folder_.path() / "hilum.db");
    ASSERT_TRUE(reader);
    JobFilter filter;
    filter.study_instance_uid = "1.2.3";
    const auto jobs = reader->jobs(filter);
    ASSERT_TRUE(jobs) << jobs.error().message;
    ASSERT_EQ(jobs->size(), 1u);
    EXPECT_EQ((*jobs)[0]["kind"], "instance");
    EXPECT_EQ((*jobs)[0]["state"], "prior");
    EXPECT_THAT((*jobs)[0]["error"].get<std::string>(),
                testing::StartsWith("received, not analysed: Study Date 20100101 was more than"));
    EXPECT_TRUE(reader->jobs(JobFilter{})->empty()) << "a site may have many";
    EXPECT_EQ((*reader->job("instance", 1))["sop_instance_uid"], "1.2.3.4");
}

}  // namespace
}  // namespace hilum
