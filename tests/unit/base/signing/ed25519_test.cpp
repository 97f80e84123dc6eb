#include "base/signing/ed25519.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "base/unique_fd.h"
#include "support/temporary_folder.h"

namespace hilum {
namespace {

// The private key of RFC 8032, section 7.1, TEST 3, in PKCS #8 (RFC 8410), and what it says of the bytes
// AF 82.
constexpr const char* published_key =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIMWqjfQ/n4N77bdELzHct7Fm04U1B28JS4XOOi4LRFj3\n"
    "-----END PRIVATE KEY-----\n";
constexpr const char* published_public_key =
    "-----BEGIN PUBLIC KEY-----\n"
    "MCowBQYDK2VwAyEA/FHNjmIYoaONpH7QAjDwWAgW7RO6MwOsXeuRFUiQgCU=\n"
    "-----END PUBLIC KEY-----\n";
constexpr const char* published_signature =
    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
    "4a7c15e9716ed28dc027beceea1ec40a";
// An RSA key pair's public half, and an encrypted private key, are no keys of ours.
constexpr const char* garbage = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n";

std::string hex(const std::string& bytes) {
    std::string text;
    for (const unsigned char byte : bytes) text += fmt::format("{:02x}", byte);
    return text;
}

class Ed25519 : public testing::Test {
  protected:
    std::filesystem::path file(const char* name, const char* text, bool secret = true) {
        std::ofstream(folder / name) << text;
        std::filesystem::permissions(folder / name, std::filesystem::perms(secret ? 0600 : 0640));
        return folder / name;
    }
    test::TemporaryFolder folder;
};

TEST_F(Ed25519, SignsAsTheStandardsExample) {
    const auto key = SigningKey::read(file("a.key", published_key));
    ASSERT_TRUE(key) << key.error().message;
    EXPECT_EQ(hex(key->sign("\xaf\x82")), published_signature);
    const auto verification = VerificationKey::read(file("a.pub", published_public_key, false));
    ASSERT_TRUE(verification) << verification.error().message;
    EXPECT_TRUE(verification->verifies("\xaf\x82", key->sign("\xaf\x82")));
    EXPECT_EQ(verification->fingerprint(), key->verification_key().fingerprint());
    EXPECT_EQ(verification->fingerprint().size(), 64u);
}

// systemd shows them to the service alone; their bits are an access list's mask.
TEST_F(Ed25519, ReadsACredentialOfSystemd) {
    const auto key = file("audit.key", published_key);
    ASSERT_EQ(::chmod(key.c_str(), 0440), 0);
    EXPECT_EQ(SigningKey::read("credential:audit.key").error().code, "credential");
    ::setenv("CREDENTIALS_DIRECTORY", key.parent_path().c_str(), 1);
    EXPECT_TRUE(SigningKey::read("credential:audit.key"));
    ::unsetenv("CREDENTIALS_DIRECTORY");
    EXPECT_EQ(SigningKey::read(key).error().code, "exposed");
}

// As where the disk has gone: a socket cannot be opened as a file (ENXIO).
TEST_F(Ed25519, TellsAKeyThatCannotBeReadForNowFromOneThatIsNoKey) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    (folder / "gone.key").native().copy(address.sun_path, sizeof address.sun_path - 1);
    const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    const auto gone = SigningKey::read(folder / "gone.key");
    EXPECT_EQ(gone.error().code, "unreadable");
    EXPECT_EQ(gone.error().retry, Retry::once_mended);
    EXPECT_EQ(VerificationKey::read(folder / "gone.key").error().retry, Retry::once_mended);
    for (const auto& lasting : {folder / "absent.key", file("b.key", garbage)})
        EXPECT_EQ(SigningKey::read(lasting).error().retry, Retry::never) << lasting;
}

TEST_F(Ed25519, NoticesAnyOtherBytesAndSignatures) {
    const auto key = SigningKey::read(file("a.key", published_key));
    ASSERT_TRUE(key);
    const auto& verification = key->verification_key();
    const auto signature = key->sign("what is signed");
    ASSERT_TRUE(verification.verifies("what is signed", signature));
    EXPECT_FALSE(verification.verifies("what is signeD", signature));
    EXPECT_FALSE(verification.verifies("what is signed", ""));
    EXPECT_FALSE(verification.verifies("what is signed", signature + "x"));
    for (std::size_t i = 0; i < signature.size(); ++i) {
        auto damaged = signature;
        damaged[i] = static_cast<char>(damaged[i] ^ 1);
        EXPECT_FALSE(verification.verifies("what is signed", damaged)) << i;
    }
}

TEST_F(Ed25519, SaysWhatIsWrongWithAFile) {
    EXPECT_EQ(SigningKey::read(folder / "none").error().code, "unreadable");
    EXPECT_EQ(SigningKey::read(file("open.key", published_key, false)).error().code, "exposed");
    EXPECT_EQ(SigningKey::read(file("half.key", published_public_key)).error().code, "key");
    EXPECT_EQ(VerificationKey::read(file("empty.pub", "")).error().code, "key");
    EXPECT_EQ(VerificationKey::read(file("bad.pub", garbage)).error().code, "key");
    // Never the private key in the place of the public one: it would be copied around.
    EXPECT_EQ(VerificationKey::read(file("private.pub", published_key)).error().code, "key");
}

}  // namespace
}  // namespace hilum
