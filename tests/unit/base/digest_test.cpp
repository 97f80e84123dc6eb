#include "base/digest.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "support/temporary_folder.h"

namespace hilum {
namespace {

// FIPS 180-2, appendix B.
constexpr const char* digest_of_abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr const char* digest_of_nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

TEST(Sha256, GivesThePublishedDigests) {
    EXPECT_EQ(sha256_hex("abc"), digest_of_abc);
    EXPECT_EQ(sha256_hex(""), digest_of_nothing);
}

TEST(Sha256, DoesNotDependOnHowTheBytesArrive) {
    Sha256 sha;
    sha.update("a");
    sha.update("");
    sha.update("bc");
    EXPECT_EQ(sha.hex(), digest_of_abc);
}

TEST(Sha256, SurvivesBeingMoved) {
    Sha256 first;
    first.update("ab");
    Sha256 second = std::move(first);
    second.update("c");
    EXPECT_EQ(second.hex(), digest_of_abc);
}

TEST(Sha256OfFile, ReadsFilesLongerThanItsBuffer) {
    const test::TemporaryFolder folder;
    const std::string content((1 << 20) + 12345, 'z');
    std::ofstream(folder / "file") << content;
    EXPECT_EQ(sha256_of_file(folder / "file"), sha256_hex(content));
}

TEST(Sha256OfFile, SaysWhichFileItCannotRead) {
    const test::TemporaryFolder folder;
    const auto digest = sha256_of_file(folder / "none");
    ASSERT_FALSE(digest);
    EXPECT_EQ(digest.error().code, "unreadable");
    EXPECT_NE(digest.error().message.find("none"), std::string::npos);
}

// RFC 4231, test cases 2 and 6: a key shorter and one longer than a block.
TEST(HmacSha256, IsThatOfTheRfc) {
    EXPECT_EQ(hmac_sha256_hex("Jefe", "what do ya want for nothing?"),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    EXPECT_EQ(
        hmac_sha256_hex(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First"),
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

}  // namespace
}  // namespace hilum
