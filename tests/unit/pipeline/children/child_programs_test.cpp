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

}  // namespace
}  // namespace hilum
