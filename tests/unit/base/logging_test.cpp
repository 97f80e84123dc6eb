#include "base/logging.h"

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string>

namespace hilum {
namespace {

TEST(Loggable, MakesForeignTextHarmlessForOneLine) {
    EXPECT_EQ(loggable("A\nB\x1B[31mC\x7f"), "A?B?[31mC?");
    EXPECT_EQ(loggable(std::string("A\0B", 3)), "A?B");
}

TEST(Loggable, CutsAfterTwoHundredBytes) {
    EXPECT_EQ(loggable(std::string(500, 'x')).size(), 200u);
}

TEST(StartLogging, WritesRoleAndTextToStderr) {
    testing::internal::CaptureStderr();
    start_logging("composer", "info");
    spdlog::info("composed {}", 3);
    const auto text = testing::internal::GetCapturedStderr();
    EXPECT_NE(text.find("composer"), std::string::npos) << text;
    EXPECT_NE(text.find("composed 3"), std::string::npos) << text;
}

TEST(StartLogging, WritesOneLineThatSteersNoTerminalWhateverAMessageHolds) {
    testing::internal::CaptureStderr();
    start_logging("receiver", "info");
    spdlog::info("from {}", "A\nB\x1b[2J\u009b\u202e\xff");
    const auto text = testing::internal::GetCapturedStderr();
    EXPECT_NE(text.find("from A?B?[2J???\n"), std::string::npos) << text;
}

TEST(StartLogging, LeavesOutWhatIsBelowTheLevel) {
    testing::internal::CaptureStderr();
    start_logging("composer", "warning");
    spdlog::info("quiet");
    spdlog::warn("loud");
    const auto text = testing::internal::GetCapturedStderr();
    EXPECT_EQ(text.find("quiet"), std::string::npos) << text;
    EXPECT_NE(text.find("loud"), std::string::npos) << text;
}

TEST(StartLogging, WritesPrioritiesForTheJournal) {
    ::setenv("JOURNAL_STREAM", "8:1", 1);
    testing::internal::CaptureStderr();
    start_logging("listener", "debug");
    spdlog::error("broken");
    spdlog::debug("detail");
    const auto text = testing::internal::GetCapturedStderr();
    ::unsetenv("JOURNAL_STREAM");
    EXPECT_EQ(text, "<3>[listener] broken\n<7>[listener] detail\n");
}

// The child would hang in its first line that finds the pipe full.
TEST(StartLogging, NeverWaitsForAReaderThatStoppedAndTellsHowMuchWasLost) {
    int pipe[2], done[2];
    ASSERT_EQ(::pipe(pipe), 0);
    ASSERT_EQ(::pipe(done), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        ::alarm(30);
        ::dup2(pipe[1], STDERR_FILENO);
        start_logging("receiver", "info");
        for (int i = 0; i < 20'000; ++i) spdlog::info("line {} of many", i);
        char go = 'x';
        if (::write(done[1], &go, 1) != 1 || ::read(pipe[0], &go, 1) != 1) ::_exit(1);
        std::array<char, 200'000> read;  // makes room
        if (::read(pipe[0], read.data(), read.size()) <= 0) ::_exit(1);
        spdlog::info("the last line");
        ::_exit(0);
    }
    ::close(pipe[1]);
    ::close(done[1]);
    char went_on = 0;
    EXPECT_EQ(::read(done[0], &went_on, 1), 1) << "the child waits for the reader of its log";
    int status = -1;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
    std::string text;
    std::array<char, 4096> piece;
    for (ssize_t n; (n = ::read(pipe[0], piece.data(), piece.size())) > 0;)
        text.append(piece.data(), static_cast<std::size_t>(n));
    EXPECT_NE(text.find("lines of the log were lost"), std::string::npos) << text;
    EXPECT_NE(text.find("the last line"), std::string::npos) << text;
    for (const int fd : {pipe[0], done[0]}) ::close(fd);
}

}  // namespace
}  // namespace hilum
