#include "base/logging.h"

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <cstdlib>

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

}  // namespace
}  // namespace hilum
