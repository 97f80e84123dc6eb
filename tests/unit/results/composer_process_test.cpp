// The composer as a process, confined as it is in a node: each file comes from its coordinator, which is the
// test.
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <optional>
#include <utility>

#include "base/channel.h"
#include "base/confinement/confinement.h"
#include "base/digest.h"
#include "base/file_system.h"
#include "dicom/dataset_reading.h"
#include "results/composer.h"
#include "unit/results/composed.h"
#include "unit/results/report_fixture.h"

namespace hilum::results::test {
namespace {

class ComposerProcess : public testing::Test {
  protected:
    ComposerProcess() {
        study_.add_analysed(pneumonia_result());
        auto [ours, theirs] = std::move(Channel::make_pair().value());
        child_ = ::fork();
        if (child_ == 0) {
            ours.close();
            const bool ready = prepare_dcmtk() && confine(Role::composer, {.data_dir = study_.folder()}, -1);
            ::_exit(ready ? run_composer(std::move(theirs), Configuration{}) : 99);
        }
        coordinator_ = std::move(ours);
        EXPECT_TRUE(coordinator_.send(to_packet(study_.request)));
    }
    ~ComposerProcess() override {
        if (child_ == 0) return;
        ::kill(child_, SIGKILL);
        end_of_child();
    }

    int end_of_child() {
        int status = -1;
        ::waitpid(std::exchange(child_, 0), &status, 0);
        return status;
    }

    void answer(const std::string& file, const std::optional<Error>& error, const UniqueFd& opened = {}) {
        const int fd = opened.get();
        EXPECT_TRUE(
            coordinator_.send(to_packet(FileReply{7, file, error}), std::span(&fd, opened ? 1U : 0U)));
    }
    void hand_over(const std::string& file) {
        if (opening_fails_) return answer(file, opening_fails_);
        const auto opened = FolderFiles(study_.request).open(file);
        if (!opened) return answer(file, opened.error());
        answer(file, std::nullopt, *opened);
    }
    void keep(const MadeFile& made, int memory) {
        const auto bytes = read_fd(memory, most_made_bytes).value();
        EXPECT_EQ(FolderFiles(study_.request).keep(made.file, bytes), made.sha256);
        answer(made.file, keeping_fails_);
    }
    ComposeReply composed() {
        for (;;) {
            const auto message = coordinator_.receive().value();
            if (const auto asked = from_packet<FileRequest>(message))
                hand_over(asked->file);
            else if (const auto made = from_packet<MadeFile>(message))
                keep(*made, message.fds.at(0).get());
            else
                return from_packet<ComposeReply>(message).value();
        }
    }

    StudyFixture study_;
    pid_t child_ = 0;
    Channel coordinator_;
    std::optional<Error> opening_fails_, keeping_fails_;
};

TEST_F(ComposerProcess, AnswersRequestsUntilItsChannelClosesAndOpensNoFile) {
    for (int i = 0; i < 2; ++i) {
        const auto reply = composed();
        EXPECT_EQ(code_of(reply), "");
        EXPECT_EQ(reply.job, 7);
        ASSERT_THAT(kinds(reply), testing::ElementsAre("sr", "sc"));
        for (const auto& result : reply.results) EXPECT_EQ(sha256_hex(bytes_of(result.file)), result.sha256);
        ASSERT_TRUE(coordinator_.send(to_packet(study_.request)));
    }
    composed();
    coordinator_.close();
    EXPECT_EQ(end_of_child(), 0);
}

TEST_F(ComposerProcess, TellsWhatKeepsTheCoordinatorFromOpeningAFile) {
    opening_fails_ = system_error(EMFILE, "cannot open it");
    const auto reply = composed();
    EXPECT_EQ(code_of(reply), "unreadable");
    EXPECT_EQ(reply.error->retry, Retry::once_mended) << "it is no attempt of the study";
}

TEST_F(ComposerProcess, TellsThatAnImageIsGone) {
    opening_fails_ = Error{"not_found", "there is no such file", Retry::never};
    const auto reply = composed();
    EXPECT_EQ(code_of(reply), object_damaged);
    ASSERT_EQ(reply.damaged.size(), 1U);
    EXPECT_EQ(reply.damaged.front().file, study_.request.images.front().file);
}

TEST_F(ComposerProcess, TellsOfNoResultThatTheCoordinatorCouldNotKeep) {
    keeping_fails_ = system_error(ENOSPC, "cannot write it");
    const auto reply = composed();
    EXPECT_EQ(code_of(reply), "disk_full");
    EXPECT_EQ(reply.error->retry, Retry::once_mended);
    EXPECT_TRUE(reply.results.empty());
}

TEST_F(ComposerProcess, EndsWhereItsChannelClosesWhileItWaitsForAFile) {
    ASSERT_TRUE(coordinator_.receive());
    coordinator_.close();
    EXPECT_EQ(end_of_child(), 0);
}

TEST_F(ComposerProcess, EndsWhereItIsAnsweredAboutAnotherFile) {
    ASSERT_TRUE(coordinator_.receive());
    answer("another", opening_fails_ = Error{"not_found", "there is no such file", Retry::never});
    EXPECT_NE(end_of_child(), 0);
    EXPECT_EQ(coordinator_.receive().error().code, "closed") << "it says nothing of it";
}

}  // namespace
}  // namespace hilum::results::test
