#include "pipeline/tls/secret_folders.h"

#include <gmock/gmock.h>

#include <fstream>

#include "base/confinement/landlock.h"
#include "support/temporary_folder.h"

namespace hilum {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class SecretFoldersTest : public testing::Test {
  protected:
    void SetUp() override {
        if (landlock_version() == 0) GTEST_SKIP() << "this kernel has no Landlock";
        for (const char* name : {"a", "b"}) {
            fs::create_directory(folder_ / name);
            for (const char* file : {"node.pem", "ca.pem", "list.crl", "tokens"})
                std::ofstream(folder_ / name / file) << name;
        }
        fs::create_directory_symlink("a", folder_ / "tls");
        const auto in = [this](const char* file) { return (folder_ / "tls" / file).string(); };
        configuration_.scp.tls.emplace();
        configuration_.scp.tls->certificate = configuration_.scp.tls->key = in("node.pem");
        configuration_.scp.tls->authorities = in("ca.pem");
        configuration_.scp.tls->revoked = {in("list.crl")};
        configuration_.http.tokens = in("tokens");
        configuration_.audit.signing.key = in("node.pem");
    }
    // Where `links` leads from now on.
    void lead(const fs::path& link, const fs::path& to) const {
        fs::create_symlink(to, folder_ / "new");
        fs::rename(folder_ / "new", link);
    }

    test::TemporaryFolder folder_;
    Configuration configuration_;
};

TEST_F(SecretFoldersTest, AFileThatIsRenewedInItsFolderIsReadAnew) {
    const SecretFolders folders(configuration_, "hilum.yaml");
    std::ofstream(folder_ / "a" / "next") << "renewed";
    fs::rename(folder_ / "a" / "next", folder_ / "a" / "node.pem");
    EXPECT_TRUE(folders.moved().empty());
    fs::create_directory(folder_ / "a" / "below");
    std::ofstream(folder_ / "a" / "below" / "ca.pem") << "renewed";
    lead(folder_ / "a" / "ca.pem", "below/ca.pem");
    EXPECT_TRUE(folders.moved().empty()) << "below it all may be read";
}

TEST_F(SecretFoldersTest, WhatLiesInAnotherFolderByNowIsNamed) {
    const SecretFolders folders(configuration_, "hilum.yaml");
    lead(folder_ / "tls", "b");
    const auto moved = folders.moved();
    ASSERT_EQ(moved.size(), 5u) << "certificate, key, ca, crl and tokens";
    EXPECT_THAT(moved[0].text(), HasSubstr("scp.tls.certificate"));
    EXPECT_THAT(moved[0].text(), HasSubstr("tls/node.pem lies in another folder"));
    EXPECT_THAT(moved[3].text(), HasSubstr("scp.tls.crl"));
    EXPECT_THAT(moved[4].text(), HasSubstr("http.tokens_file"));
    EXPECT_TRUE(SecretFolders(configuration_, "hilum.yaml").moved().empty()) << "after a restart";
}

TEST_F(SecretFoldersTest, SoIsWhatOneLinkLeadsToAndWhatIsInAFolderOfTheSameName) {
    const SecretFolders folders(configuration_, "hilum.yaml");
    lead(folder_ / "a" / "list.crl", folder_ / "b" / "list.crl");
    ASSERT_EQ(folders.moved().size(), 1u);
    EXPECT_THAT(folders.moved()[0].text(), HasSubstr("list.crl"));
    fs::rename(folder_ / "a", folder_ / "old");
    fs::rename(folder_ / "b", folder_ / "a");
    EXPECT_EQ(folders.moved().size(), 5u);
}

}  // namespace
}  // namespace hilum
