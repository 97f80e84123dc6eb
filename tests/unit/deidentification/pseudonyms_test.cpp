#include "deidentification/pseudonyms.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <set>
#include <sstream>

#include "support/temporary_folder.h"

namespace hilum::deidentification {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

std::string content(const std::filesystem::path& file) {
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    return text.str();
}

TEST(Pseudonyms, AreTheSameForTheSameWithOneKey) {
    const Pseudonyms one("key"), again("key"), other("kez");
    EXPECT_EQ(one.patient("north\n1"), again.patient("north\n1"));
    EXPECT_NE(one.patient("north\n1"), other.patient("north\n1"));
    EXPECT_NE(one.patient("north\n1"), one.patient("south\n1"));
    EXPECT_EQ(one.uid("1.2.3"), again.uid("1.2.3"));
    EXPECT_NE(one.uid("1.2.3"), other.uid("1.2.3"));
    EXPECT_NE(one.uid("1.2.3"), one.uid("1.2.4"));
    EXPECT_THAT(one.uid("1.2.3").value(), MatchesRegex("2\\.25\\.[1-9][0-9]*"));
    EXPECT_LE(one.uid("1.2.3").value().size(), 44U);
    EXPECT_THAT(one.patient("north\n1"), MatchesRegex("P[0-9a-f]{16}"));
    EXPECT_THAT(one.site("north"), MatchesRegex("S[0-9a-f]{8}"));
    EXPECT_EQ(one.site(""), "");
    EXPECT_NE(one.file_name("a"), one.file_name("b"));
}

TEST(Pseudonyms, MoveDatesByUpToTenYearsAndPeopleByDifferentDays) {
    const Pseudonyms pseudonyms("key");
    std::set<int> days;
    for (int i = 0; i < 2000; ++i) days.insert(pseudonyms.days_earlier(std::to_string(i)));
    EXPECT_GE(*days.begin(), 1);
    EXPECT_LE(*days.rbegin(), 3652);
    EXPECT_GT(*days.rbegin() - *days.begin(), 3600);
    EXPECT_GT(days.size(), 1400U);
}

class KeyFile : public testing::Test {
  protected:
    const test::TemporaryFolder folder;
    const std::filesystem::path file = folder / "key";
};

TEST_F(KeyFile, IsMadeForItsOwnerAloneAndReadAgain) {
    const auto made = read_or_make_key(file);
    ASSERT_TRUE(made);
    struct stat info {};
    ASSERT_EQ(::stat(file.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600U);
    EXPECT_THAT(content(file), MatchesRegex("[0-9a-f]{64}\n"));
    EXPECT_EQ(read_or_make_key(file)->patient("1"), made->patient("1"));
    EXPECT_NE(read_or_make_key(folder / "other")->patient("1"), made->patient("1"));
}

TEST_F(KeyFile, ThatOthersMayReadIsRefused) {
    ASSERT_TRUE(read_or_make_key(file));
    ASSERT_EQ(::chmod(file.c_str(), 0640), 0);
    const auto refused = read_or_make_key(file);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, "key");
    EXPECT_THAT(refused.error().message, HasSubstr("chmod 600"));
}

TEST_F(KeyFile, OfAnotherFormIsRefusedAndStaysAsItIs) {
    for (const auto& text : {std::string(), std::string("password\n"), std::string(64, 'a')}) {
        std::ofstream(file) << text;
        ASSERT_EQ(::chmod(file.c_str(), 0600), 0);
        EXPECT_EQ(read_or_make_key(file).error().code, "key") << text;
        EXPECT_EQ(content(file), text);
    }
    EXPECT_EQ(read_or_make_key(folder.path()).error().code, "key");
    EXPECT_EQ(read_or_make_key(folder / "none" / "key").error().code, "system");
}

}  // namespace
}  // namespace hilum::deidentification
