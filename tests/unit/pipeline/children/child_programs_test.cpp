#include "pipeline/children/child_programs.h"

#include <gtest/gtest.h>

namespace hilum {
namespace {

class ChildProgramsTest : public testing::Test {
  protected:
    bool keeps_the_capability(const std::string& role) const {
        return ChildPrograms(options_).child(role, "").binds_privileged_port;
    }
    NodeOptions options_;
};

TEST_F(ChildProgramsTest, KeepTheRightToALowPortOnlyWhereTheyBindOne) {
    auto& configuration = options_.configuration;
    configuration.scp.port = 11112;
    configuration.http.port = 8080;
    for (const char* role : {"listener", "http", "decoder"}) EXPECT_FALSE(keeps_the_capability(role)) << role;
    configuration.scp.port = 104;
    EXPECT_TRUE(keeps_the_capability("listener"));
    EXPECT_FALSE(keeps_the_capability("http"));
    EXPECT_FALSE(keeps_the_capability("decoder"));
    configuration.http.port = 443;
    EXPECT_TRUE(keeps_the_capability("http"));
}

TEST_F(ChildProgramsTest, ALowPortOfTlsIsOneToo) {
    auto& scp = options_.configuration.scp;
    scp.port = 104;
    scp.plain = false;
    EXPECT_FALSE(keeps_the_capability("listener"));
    scp.tls.emplace();
    scp.tls->port = 105;
    EXPECT_TRUE(keeps_the_capability("listener"));
}

// One that hangs before it says so has no other sign of it: its heart may beat.
TEST_F(ChildProgramsTest, WaitForTheFirstWordOfWhoSaysOneForSoLong) {
    const ChildPrograms programs(options_);
    EXPECT_EQ(programs.worker(0, "cpu", "").longest_start, std::chrono::minutes(10));
    for (const char* role : {"listener", "http"})
        EXPECT_EQ(programs.child(role, "").longest_start, std::chrono::minutes(1)) << role;
    for (const char* role : {"scanner", "decoder", "composer", "sender", "syslog"})
        EXPECT_EQ(programs.child(role, "").longest_start, Duration::zero()) << role;
}

TEST_F(ChildProgramsTest, WaitForASignOfLifeForSoLong) {
    const ChildPrograms programs(options_);
    EXPECT_EQ(programs.child("http", "").longest_silence, std::chrono::seconds(32));
    EXPECT_EQ(programs.worker(0, "cpu", "").longest_silence, std::chrono::seconds(16));
    for (const char* role : {"listener", "scanner", "decoder", "composer", "sender", "syslog"})
        EXPECT_EQ(programs.child(role, "").longest_silence, std::chrono::seconds(16)) << role;
}

}  // namespace
}  // namespace hilum
