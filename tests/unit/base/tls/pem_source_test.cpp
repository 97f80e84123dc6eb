#include "base/tls/pem_source.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>

#include "support/temporary_folder.h"

namespace hilum {
namespace {

using ::testing::HasSubstr;

class PemSourceTest : public ::testing::Test {
  protected:
    std::string file(const std::string& name, mode_t mode) {
        const auto path = folder_.path() / name;
        std::ofstream(path) << "text of " << name;
        ::chmod(path.c_str(), mode);
        return path.string();
    }

    void TearDown() override { ::unsetenv("CREDENTIALS_DIRECTORY"); }

    test::TemporaryFolder folder_;
};

TEST_F(PemSourceTest, ReadsWhatItsOwnerAloneMayRead) {
    EXPECT_EQ(read_secret(file("key", 0600)).value(), "text of key");
    EXPECT_EQ(read_secret(file("read-only", 0400)).value(), "text of read-only");
    EXPECT_EQ(read_pem(file("certificate", 0644)).value(), "text of certificate");
}

TEST_F(PemSourceTest, RefusesASecretThatOthersMayReadOrWrite) {
    for (const mode_t mode : {0640, 0604, 0620, 0602, 0610, 0644, 0666}) {
        const auto path = file("exposed", mode);
        const auto secret = read_secret(path);
        ASSERT_FALSE(secret) << std::oct << mode;
        EXPECT_EQ(secret.error().code, "exposed");
        EXPECT_THAT(secret.error().message, HasSubstr("chmod 600 " + path));
    }
}

TEST_F(PemSourceTest, TellsWhatIsNoFile) {
    EXPECT_EQ(read_pem((folder_.path() / "missing").string()).error().code, "unreadable");
    EXPECT_THAT(read_pem(folder_.path().string()).error().message, HasSubstr("is no file"));
    const auto pipe = (folder_.path() / "pipe").string();
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    EXPECT_THAT(read_secret(pipe).error().message,
                HasSubstr("is no file"));  // and does not wait for a writer
}

TEST_F(PemSourceTest, ReadsACredentialOfSystemd) {
    EXPECT_THAT(read_secret("credential:scp.key").error().message, HasSubstr("LoadCredential=scp.key:FILE"));
    ::setenv("CREDENTIALS_DIRECTORY", folder_.path().c_str(), 1);
    file("scp.key", 0440);  // as systemd shows it, with an access list
    EXPECT_EQ(read_secret("credential:scp.key").value(), "text of scp.key");
    for (const std::string wrong : {"credential:", "credential:../scp.key", "credential:a/b", "credential:."})
        EXPECT_EQ(read_secret(wrong).error().code, "credential") << wrong;
}

}  // namespace
}  // namespace hilum
