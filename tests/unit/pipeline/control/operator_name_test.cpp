#include "pipeline/control/operator_name.h"

#include <gmock/gmock.h>

#include <fstream>

#include "support/temporary_folder.h"

namespace hilum {
namespace {

class OperatorNameTest : public ::testing::Test {
  protected:
    OperatorNameTest() {
        std::ofstream(file_)
            << "root:x:0:0::/root:/bin/sh\nnot an entry\nalice:x:1000:1000::/home/alice:/bin/sh\n";
    }
    std::string name(uid_t uid, const std::string& claim = {}) {
        return operator_name(uid, claim, file_.c_str());
    }

    test::TemporaryFolder folder_;
    std::string file_ = (folder_ / "passwd").string();
};

TEST_F(OperatorNameTest, HasTheNameOfALocalUser) {
    EXPECT_EQ(name(1000), "operator uid 1000 (alice)");
    EXPECT_EQ(name(0), "operator uid 0 (root)");
}

TEST_F(OperatorNameTest, HasTheNumberAloneOfOthers) {
    EXPECT_EQ(name(4711), "operator uid 4711");
    EXPECT_EQ(operator_name(1000, "", "/nowhere/passwd"), "operator uid 1000");
}

TEST_F(OperatorNameTest, TellsAClaimAsOne) {
    EXPECT_EQ(name(0, "alice (uid 1000) by sudo"),
              "operator uid 0 (root), who says: alice (uid 1000) by sudo");
}

TEST_F(OperatorNameTest, AClaimCannotFillTheTrailNorBreakItsLines) {
    const auto long_claim = name(0, std::string(5000, 'x'));
    EXPECT_LT(long_claim.size(), 260u);
    EXPECT_EQ(name(0, "a\nb").find('\n'), std::string::npos);
}

}  // namespace
}  // namespace hilum
