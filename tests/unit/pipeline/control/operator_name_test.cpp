#include "pipeline/control/operator_name.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
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
    std::string name(uid_t uid, const std::string& claim = {}, std::optional<uid_t> login = {}) {
        return operator_name(uid, login, claim, sources_);
    }
    // What the kernel shows of a process; of ours, whoever runs the test.
    void show_process(pid_t pid, const std::string& loginuid) {
        const auto process = folder_.path() / std::to_string(pid);
        std::filesystem::create_directory(process);
        std::ofstream(process / "loginuid") << loginuid;
    }

    test::TemporaryFolder folder_;
    std::string file_ = (folder_ / "passwd").string();
    UserSources sources_{file_, folder_.path().string()};
};

TEST_F(OperatorNameTest, HasTheNameOfALocalUser) {
    EXPECT_EQ(name(1000), "operator uid 1000 (alice)");
    EXPECT_EQ(name(0), "operator uid 0 (root)");
}

TEST_F(OperatorNameTest, HasTheNumberAloneOfOthers) {
    EXPECT_EQ(name(4711), "operator uid 4711");
    EXPECT_EQ(operator_name(1000, {}, "", {"/nowhere/passwd"}), "operator uid 1000");
}

TEST_F(OperatorNameTest, TellsAClaimAsOne) {
    EXPECT_EQ(name(0, "alice (uid 1000) by sudo"),
              "operator uid 0 (root), who says: alice (uid 1000) by sudo");
}

TEST_F(OperatorNameTest, TellsALoginAsTheKernelsWordInPlaceOfAClaim) {
    EXPECT_EQ(name(0, "mallory by sudo", 1000), "operator uid 0 (root), logged in as uid 1000 (alice)");
    EXPECT_EQ(name(1000, "mallory by sudo", 1000), "operator uid 1000 (alice)");
}

TEST_F(OperatorNameTest, HasTheLoginOfTheProcessThatAsks) {
    const uid_t own = ::geteuid();
    show_process(17, "1000");
    EXPECT_EQ(login_of({17, own, {}}, sources_), 1000u);
    EXPECT_FALSE(login_of({17, own + 1, {}}, sources_)) << "the number is another process's by now";
    show_process(18, "4294967295");
    EXPECT_FALSE(login_of({18, own, {}}, sources_)) << "nobody logged in";
    show_process(19, "");
    EXPECT_FALSE(login_of({19, own, {}}, sources_));
    EXPECT_FALSE(login_of({20, own, {}}, sources_)) << "the kernel shows no such process";
}

TEST_F(OperatorNameTest, AClaimCannotFillTheTrailNorBreakItsLines) {
    const auto long_claim = name(0, std::string(5000, 'x'));
    EXPECT_LT(long_claim.size(), 260u);
    EXPECT_EQ(name(0, "a\nb").find('\n'), std::string::npos);
}

}  // namespace
}  // namespace hilum
