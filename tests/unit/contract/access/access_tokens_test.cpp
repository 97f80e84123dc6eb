#include "contract/access/access_tokens.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "base/digest.h"
#include "support/temporary_folder.h"

namespace hilum {
namespace {

using testing::HasSubstr;

TEST(AccessTokens, KnowTheirOwners) {
    const auto alice = make_token().value(), bob = make_token().value();
    const auto tokens =
        AccessTokens::parse("# who may look\n\n" + line_of_token("alice", AccessRole::read, alice) +
                            "  # until June\r\n\t" + line_of_token("bob", AccessRole::act, bob));
    ASSERT_TRUE(tokens) << tokens.error().message;
    ASSERT_NE(tokens->owner_of(alice), nullptr);
    EXPECT_EQ(tokens->owner_of(alice)->name, "alice");
    EXPECT_EQ(tokens->owner_of(alice)->role, AccessRole::read);
    EXPECT_EQ(tokens->owner_of(bob)->role, AccessRole::act);
    EXPECT_LT(AccessRole::status, AccessRole::read);
    EXPECT_LT(AccessRole::read, AccessRole::act);
}

TEST(AccessTokens, AreNobodysWhenCutLengthenedOrOfOtherCase) {
    const auto token = make_token().value();
    const auto tokens = AccessTokens::parse(line_of_token("alice", AccessRole::read, token)).value();
    auto upper = token;
    for (auto& c : upper) c = static_cast<char>(std::toupper(c));
    auto other = token;
    other.back() = other.back() == '0' ? '1' : '0';
    for (const auto& wrong : {std::string(), token.substr(0, token.size() - 1), token.substr(1), token + "0",
                              upper, other, " " + token, token + '\0', sha256_hex(token)})
        EXPECT_EQ(tokens.owner_of(wrong), nullptr) << wrong;
    EXPECT_EQ(AccessTokens().owner_of(token), nullptr);
}

TEST(AccessTokens, AreNoWordsThatSomebodyMadeUp) {
    const auto tokens = AccessTokens::parse(line_of_token("alice", AccessRole::act, "password"));
    ASSERT_TRUE(tokens);
    EXPECT_EQ(tokens->owner_of("password"), nullptr) << "its digest is there, and it could be guessed";
}

TEST(AccessTokens, AreMadeAnewEachTime) {
    const auto one = make_token().value(), other = make_token().value();
    EXPECT_NE(one, other);
    EXPECT_EQ(one.size(), 70u);
}

TEST(AccessTokens, SayWhichLineIsNone) {
    const std::string digest(64, 'a'), other(64, 'b');
    const auto error = [](const std::string& text) {
        const auto tokens = AccessTokens::parse(text);
        return tokens ? std::string("none") : tokens.error().message;
    };
    EXPECT_EQ(error(""), "none");
    EXPECT_EQ(error("alice read " + digest), "none");
    EXPECT_THAT(error("\nalice read"), HasSubstr("line 2"));
    EXPECT_THAT(error("alice read " + digest + " more"), HasSubstr("line 1"));
    EXPECT_THAT(error("alice owner " + digest), HasSubstr("role"));
    EXPECT_THAT(error("alice read " + std::string(64, 'A')), HasSubstr("SHA-256"));
    EXPECT_THAT(error("alice read " + digest.substr(1)), HasSubstr("SHA-256"));
    EXPECT_THAT(error("al\x1b[31mice read " + digest), HasSubstr("no name"));
    EXPECT_THAT(error("a read " + digest + "\na act " + other), HasSubstr("line 2 repeats a name"));
    EXPECT_THAT(error("a read " + digest + "\nb act " + digest), HasSubstr("line 2 repeats a token"));
    for (const auto& text : {"alice read " + digest + " secret", "secret read " + digest.substr(2)})
        EXPECT_THAT(error(text), testing::Not(HasSubstr("secret")))
            << "a token in the wrong place is not told";
}

TEST(AccessTokens, AreReadFromAFileOfTheirOwnersAlone) {
    const test::TemporaryFolder folder;
    const auto file = folder / "tokens";
    std::ofstream(file) << "alice read " << std::string(64, 'a') << "\n";
    using std::filesystem::perms;
    std::filesystem::permissions(file, perms::owner_read | perms::group_read);
    EXPECT_EQ(AccessTokens::read(file.string()).error().code, "exposed");
    std::filesystem::permissions(file, perms::owner_read);
    EXPECT_EQ(AccessTokens::read(file.string()).value().all().size(), 1u);
    EXPECT_EQ(AccessTokens::read((folder / "none").string()).error().code, "unreadable");
}

}  // namespace
}  // namespace hilum
