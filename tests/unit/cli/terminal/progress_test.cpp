#include "cli/terminal/progress.h"

#include <gtest/gtest.h>

#include <sstream>

namespace hilum::cli {
namespace {

TEST(Progress, TellsTheTimeThatIsLeftInUnitsThatOneCanGrasp) {
    EXPECT_EQ(time_left(10, 40, 10), ", 30 s left");
    EXPECT_EQ(time_left(1, 4, 60), ", 3 min left");
    EXPECT_EQ(time_left(1, 3, 3750), ", 2 h 5 min left");
}

TEST(Progress, GuessesNoTimeBeforeItKnowsOne) {
    EXPECT_EQ(time_left(0, 40, 100), "");
    EXPECT_EQ(time_left(1, 40, 1), "");
    EXPECT_EQ(time_left(40, 40, 100), "");
}

TEST(Progress, DrawsOneLineAndTakesItAway) {
    std::ostringstream drawn;
    {
        const Terminal terminal{.progress = &drawn};
        Progress progress(terminal);
        progress.count("reading", 3, 40);
    }
    EXPECT_EQ(drawn.str(), "\r\x1b[Kreading: 3 of 40\r\x1b[K");
}

TEST(Progress, DrawsNothingWhereNobodySits) {
    const Terminal terminal;
    Progress progress(terminal);
    progress.say("reading");
    progress.count("reading", 3, 40);
}

}  // namespace
}  // namespace hilum::cli
