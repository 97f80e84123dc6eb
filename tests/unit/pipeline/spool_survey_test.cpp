#include "pipeline/spool_survey.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>

#include "pipeline/asio_world.h"
#include "store/data_history.h"
#include "unit/store/test_database.h"

namespace hilum {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class SpoolSurveyTest : public testing::Test {
  protected:
    SpoolSurveyTest() { std::filesystem::create_directories(directory_.spool()); }

    std::filesystem::path put(const std::string& file, std::int64_t written_at = 1'000) {
        test::put_in_spool(folder_, file);
        const auto path = directory_.spool() / file;
        const timespec times[] = {{written_at, 0}, {written_at, 0}};
        ::utimensat(AT_FDCWD, path.c_str(), times, 0);
        return path;
    }
    static UniqueFd hold(const std::filesystem::path& path) {
        UniqueFd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC));
        EXPECT_EQ(::flock(fd.get(), LOCK_EX), 0);
        return fd;
    }
    std::vector<std::string> unknown() {
        survey_ = survey_spool(directory_).value();
        std::vector<std::string> files;
        for (const auto& object : survey_.unknown) files.push_back(object.file);
        return files;
    }

    boost::asio::io_context loop_;
    AsioWorld world_{loop_};
    test::TemporaryFolder folder_;
    DataDirectory directory_{folder_.path()};
    test::TestDatabase database_ = test::open_database(folder_);
    SpoolSurvey survey_;
};

TEST_F(SpoolSurveyTest, ANewNodeHasNothing) {
    EXPECT_THAT(unknown(), IsEmpty());
    EXPECT_EQ(survey_.unfinished, 0);
}

// Root may list everything.
template <typename Work>
void as_nobody(const std::filesystem::path& folder, Work work) {
    constexpr uid_t nobody = 65534;
    const bool root = ::geteuid() == 0;
    if (root) {
        ASSERT_EQ(::chown(folder.c_str(), nobody, nobody), 0);
        for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
            ASSERT_EQ(::chown(entry.path().c_str(), nobody, nobody), 0);
        ASSERT_EQ(::seteuid(nobody), 0);
    }
    work();
    ASSERT_EQ(::seteuid(root ? 0 : ::geteuid()), 0);
}

TEST_F(SpoolSurveyTest, AFolderThatCannotBeListedKeepsNoOtherFromBeingLookedThrough) {
    put("19700101/a.dcm");
    std::vector<std::filesystem::path> closed;
    for (const char* name : {"19700102", "lost+found"}) {
        closed.push_back(directory_.spool() / name);
        std::filesystem::create_directory(closed.back());
        ASSERT_EQ(::chmod(closed.back().c_str(), 0), 0);
    }
    as_nobody(folder_.path(), [&] { EXPECT_THAT(unknown(), ElementsAre("19700101/a.dcm")); });
    EXPECT_EQ(survey_.unopened, 1);
    EXPECT_THAT(survey_.why_unopened, testing::HasSubstr("spool/19700102 "));
    EXPECT_EQ(survey_.foreign, 1) << "the file system's own";
    for (const auto& folder : closed) ::chmod(folder.c_str(), 0700);
}

TEST_F(SpoolSurveyTest, AWholeFileIsNeverDeletedHoweverOld) {
    const auto path = put("19700101/a.dcm");
    EXPECT_THAT(unknown(), ElementsAre("19700101/a.dcm"));
    EXPECT_TRUE(std::filesystem::exists(path));
}

TEST_F(SpoolSurveyTest, WhatARowNamesIsKnown) {
    auto commit = test::received("1.2.3");
    commit.file = "20260101/a.dcm";
    put(commit.file);
    test::instance_store(folder_).store(database_, commit);
    EXPECT_THAT(unknown(), IsEmpty());
}

TEST_F(SpoolSurveyTest, UnfinishedFilesThatNobodyHoldsAreRemoved) {
    const auto path = put("20260101/a.dcm.tmp", 4'000'000'000);  // a clock that went back since
    EXPECT_THAT(unknown(), IsEmpty());
    EXPECT_EQ(survey_.unfinished, 1);
    EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(SpoolSurveyTest, WhatAReceiverHoldsIsLeftAloneUnderEitherName) {
    const auto unfinished = put("20260101/a.dcm.tmp"), whole = put("20260101/b.dcm");
    auto first = hold(unfinished), second = hold(whole);
    EXPECT_THAT(unknown(), IsEmpty());
    EXPECT_EQ(survey_.unfinished, 0);
    first.reset();
    second.reset();
    EXPECT_THAT(unknown(), ElementsAre("20260101/b.dcm"));
    EXPECT_EQ(survey_.unfinished, 1);
}

TEST_F(SpoolSurveyTest, WhatWasWrittenFirstComesFirst) {
    put("20260102/a.dcm", 10);
    put("20260101/b.dcm", 20);
    put("20260103/c.dcm", 15);
    EXPECT_THAT(unknown(), ElementsAre("20260102/a.dcm", "20260103/c.dcm", "20260101/b.dcm"));
}

TEST_F(SpoolSurveyTest, OtherFilesLinksAndWhatWasSetAsideAreNoneOfIt) {
    put("README");
    put("set-aside/a.dcm");
    std::filesystem::create_symlink("/etc/hostname", directory_.spool() / "link.dcm");
    EXPECT_THAT(unknown(), IsEmpty());
    EXPECT_EQ(survey_.foreign, 1);
}

TEST_F(SpoolSurveyTest, SettingAsideMovesAndReplacesNothing) {
    const auto path = put("20260101/a.dcm");
    ASSERT_TRUE(set_aside(world_.files(), directory_, "20260101/a.dcm"));
    EXPECT_FALSE(std::filesystem::exists(path));
    EXPECT_TRUE(std::filesystem::exists(directory_.set_aside() / "a.dcm"));
    put("20260102/a.dcm");
    EXPECT_FALSE(set_aside(world_.files(), directory_, "20260102/a.dcm"));
    EXPECT_TRUE(std::filesystem::exists(directory_.spool() / "20260102/a.dcm"));
}

TEST_F(SpoolSurveyTest, TwoFilesWithOneDataSetBehindDifferentHeadsEndTheSame) {
    const auto write = [&](const char* name, const std::string& bytes) {
        EXPECT_TRUE(write_file_durably(folder_.path() / name, std::as_bytes(std::span(bytes))));
        return folder_.path() / name;
    };
    const std::string data(300'000, 'd');
    const auto one = write("one", "head" + data), other = write("other", "longer head" + data),
               damaged = write("damaged", "head" + data.substr(1) + "e"), cut = write("cut", "d");
    EXPECT_TRUE(same_end(world_.files(), one, other, data.size()));
    EXPECT_FALSE(same_end(world_.files(), one, damaged, data.size()));
    EXPECT_FALSE(same_end(world_.files(), one, cut, data.size()));
    EXPECT_FALSE(same_end(world_.files(), one, folder_.path() / "missing", data.size()));
    std::stop_source stop;
    stop.request_stop();
    EXPECT_FALSE(same_end(world_.files(), one, other, data.size(), stop.get_token())) << "it is not read";
}

TEST_F(SpoolSurveyTest, EndsAtOnceWhereItIsStopped) {
    put("20260101/a.dcm.tmp");
    std::stop_source stop;
    stop.request_stop();
    const auto survey = survey_spool(directory_, stop.get_token());
    ASSERT_FALSE(survey);
    EXPECT_EQ(survey.error().code, "stopped");
    EXPECT_TRUE(std::filesystem::exists(directory_.spool() / "20260101/a.dcm.tmp"));
}

TEST_F(SpoolSurveyTest, SaysWhetherTheDatabaseKnowsAllThatWasAcknowledged) {
    EXPECT_TRUE(survey_spool(directory_)->reconciled);
    database_.execute("INSERT INTO generation(id, since, reason) VALUES('2', 1, 'older')");
    EXPECT_FALSE(survey_spool(directory_)->reconciled);
    keep_reconciled(database_);
    EXPECT_TRUE(survey_spool(directory_)->reconciled);
}

}  // namespace
}  // namespace hilum
