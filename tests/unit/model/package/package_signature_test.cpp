#include "model/package/package_signature.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "base/digest.h"
#include "support/temporary_folder.h"

namespace hilum::model {
namespace {
namespace fs = std::filesystem;

using testing::HasSubstr;
using testing::IsEmpty;

// Of RFC 8032, section 7.1, TEST 1 and TEST 3.
constexpr const char* makers_key =
    "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
    "-----END PRIVATE KEY-----\n";
constexpr const char* makers_public_key =
    "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"
    "-----END PUBLIC KEY-----\n";
constexpr const char* others_public_key =
    "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA/FHNjmIYoaONpH7QAjDwWAgW7RO6MwOsXeuRFUiQgCU=\n"
    "-----END PUBLIC KEY-----\n";

class PackageSignatureTest : public testing::Test {
  protected:
    PackageSignatureTest() {
        fs::create_directories(package / "golden");
        write("model.pt", "weights");
        write("model.yaml", "name: test\nversion: 1\nfile: model.pt\nsha256: " + sha256_hex("weights") +
                                "\ninput: {rows: 4, columns: 4}\n"
                                "output: {activation: softmax, labels: [{name: A}, {name: B}]}\n");
        write("golden.yaml", "- {input: golden/1.dcm, outputs: [1, 2]}\n");
        write("golden/1.dcm", "an image");
        std::ofstream(folder / "maker.key") << makers_key;
        fs::permissions(folder / "maker.key", fs::perms(0600));
        std::ofstream(maker) << makers_public_key;
        std::ofstream(other) << others_public_key;
    }
    void write(const fs::path& name, const std::string& text) { std::ofstream(package / name) << text; }
    void sign() {
        const auto done = sign_package(package, *SigningKey::read(folder / "maker.key"));
        ASSERT_TRUE(done) << done.error().message;
    }
    // What is wrong, for who asks for the maker's signature.
    std::string problem(const std::vector<fs::path>& keys) {
        const auto vouched = read_vouched_package(package, keys);
        EXPECT_EQ(vouched.signer.empty(), !vouched.loaded.problems.empty());
        return vouched.loaded.problems.empty() ? "" : vouched.loaded.problems[0].text();
    }

    test::TemporaryFolder folder;
    fs::path package = folder / "package", maker = folder / "maker.pub", other = folder / "other.pub";
};

TEST_F(PackageSignatureTest, IsAskedForOnlyWhereTheSiteSaysSo) {
    EXPECT_THAT(read_vouched_package(package, {}).loaded.problems, IsEmpty());
    EXPECT_THAT(problem({maker}), HasSubstr("is not signed"));
}

TEST_F(PackageSignatureTest, IsGoodWhereOneOfTheKeysFits) {
    sign();
    EXPECT_EQ(problem({maker}), "");
    EXPECT_EQ(problem({other, maker}), "");
    EXPECT_THAT(problem({other}), HasSubstr("was not signed by any of the 1 given key"));
    EXPECT_THAT(problem({folder / "none.pub"}), HasSubstr("none.pub"));
    // Signed again after a change, with the older files of the signature there.
    write("MODEL_CARD.md", "new");
    sign();
    EXPECT_EQ(problem({maker}), "");
}

TEST_F(PackageSignatureTest, CoversEveryFile) {
    const auto after = [this](const std::function<void()>& change) {
        sign();
        change();
        return problem({maker});
    };
    EXPECT_THAT(after([&] { write("model.pt", "Weights"); }), HasSubstr("model.pt was changed"));
    write("model.pt", "weights");
    EXPECT_THAT(after([&] { write("golden/1.dcm", "another"); }), HasSubstr("golden/1.dcm was changed"));
    EXPECT_THAT(after([&] { write("golden/2.dcm", "added"); }), HasSubstr("golden/2.dcm was added"));
    EXPECT_THAT(after([&] { fs::remove(package / "golden/2.dcm"); }), HasSubstr("golden/2.dcm is missing"));
    EXPECT_THAT(after([&] { std::ofstream(package / "model.yaml", std::ios::app) << "#\n"; }),
                HasSubstr("model.yaml was changed"));
    EXPECT_THAT(after([&] { std::ofstream(package / sums_file, std::ios::app) << "\n"; }),
                HasSubstr("was not signed by any"));
    EXPECT_THAT(after([&] { write(signature_file, ""); }), HasSubstr("was not signed by any"));
    EXPECT_THAT(after([&] { fs::remove(package / signature_file); }), HasSubstr("is not signed"));
}

TEST_F(PackageSignatureTest, RefusesWhatSha256sumCouldNotCheck) {
    const SigningKey key = *SigningKey::read(folder / "maker.key");
    ASSERT_EQ(::mkfifo((package / "pipe").c_str(), 0600), 0);
    EXPECT_EQ(sign_package(package, key).error().code, "package");
    fs::remove(package / "pipe");
    write("two\nlines", "");
    EXPECT_EQ(sign_package(package, key).error().code, "package");
    fs::remove(package / "two\nlines");
    EXPECT_TRUE(sign_package(package, key));
    EXPECT_EQ(sign_package(folder / "none", key).error().code, "unreadable");
}

}  // namespace
}  // namespace hilum::model
