#include "contract/artifact/analysis_artifact.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "base/unique_fd.h"
#include "support/temporary_folder.h"

namespace hilum {
namespace {

AnalysisArtifact example() {
    AnalysisArtifact a;
    a.attributes.sop_instance_uid = "1.2.3";
    a.attributes.view = "PA";
    a.geometry = {{}, 3000, 2500, 512, 427, 0, 42, 512, 512};
    a.display = {4, 3};
    a.display_pixels = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 255};
    a.map_labels = 2;
    a.map_rows = 1;
    a.map_columns = 3;
    a.maps = {0.1f, 0.2f, 0.3f, -1.f, 1e-30f, 7.f};
    return a;
}

Result<AnalysisArtifact> read_kept(const std::filesystem::path& file) {
    return read_artifact(UniqueFd(::open(file.c_str(), O_RDONLY | O_CLOEXEC)).get());
}

TEST(AnalysisArtifact, ReadsBackWhatWasWritten) {
    const auto artifact = parse_artifact(serialize(example()).value());
    ASSERT_TRUE(artifact) << artifact.error().message;
    EXPECT_EQ(artifact->attributes.sop_instance_uid, "1.2.3");
    EXPECT_EQ(artifact->attributes.view, "PA");
    EXPECT_EQ(artifact->geometry.scaled_rows, 427);
    EXPECT_EQ(artifact->display.columns, 4);
    EXPECT_EQ(artifact->display_pixels, example().display_pixels);
    EXPECT_EQ(artifact->maps, example().maps);
    EXPECT_EQ(artifact->map_labels, 2);
}

// A node that is upgraded has some.
TEST(AnalysisArtifact, ReadsThoseOfEarlierVersions) {
    const auto artifact = read_kept(HILUM_SOURCE_DIR "/tests/unit/contract/artifact/version_1.analysis");
    ASSERT_TRUE(artifact) << artifact.error().message;
    EXPECT_EQ(artifact->display_pixels, example().display_pixels);
    EXPECT_EQ(artifact->maps, example().maps);
}

TEST(AnalysisArtifact, RefusesPixelsThatAreNoImageOfItsSize) {
    auto artifact = example();
    artifact.display.rows = 5;
    const auto bytes = serialize(artifact);
    ASSERT_FALSE(bytes);
    EXPECT_EQ(bytes.error().code, "packing");
}

// What a radiograph is like: smooth, with some noise.
TEST(AnalysisArtifact, IsAThirdOfItsPixels) {
    AnalysisArtifact artifact;
    artifact.display = {1280, 1280};
    std::uint32_t chance = 1;
    for (int row = 0; row < 1280; ++row)
        for (int column = 0; column < 1280; ++column) {
            chance = chance * 1664525U + 1013904223U;
            artifact.display_pixels.push_back(
                static_cast<std::uint8_t>(128 + 90 * std::sin(row / 200.) * std::cos(column / 150.) +
                                          static_cast<double>(chance >> 30)));
        }
    const auto bytes = serialize(artifact).value();
    EXPECT_LT(bytes.size(), artifact.display_pixels.size() * 2 / 5);
    EXPECT_EQ(parse_artifact(bytes).value().display_pixels, artifact.display_pixels);
}

TEST(AnalysisArtifact, MayLackPixelsAndMaps) {
    const auto artifact = parse_artifact(serialize({}).value());
    ASSERT_TRUE(artifact) << artifact.error().message;
    EXPECT_TRUE(artifact->display_pixels.empty());
    EXPECT_TRUE(artifact->maps.empty());
}

TEST(AnalysisArtifact, NoticesEveryChangedByte) {
    const auto whole = serialize(example()).value();
    for (std::size_t i = 0; i < whole.size(); ++i) {
        auto changed = whole;
        changed[i] ^= std::byte{1};
        const auto artifact = parse_artifact(changed);
        ASSERT_FALSE(artifact) << "byte " << i;
        EXPECT_EQ(artifact.error().code, "artifact_damaged");
    }
}

TEST(AnalysisArtifact, NoticesEveryMissingEnd) {
    const auto whole = serialize(example()).value();
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const auto artifact = parse_artifact(std::span(whole).first(size));
        ASSERT_FALSE(artifact) << size << " bytes";
        EXPECT_EQ(artifact.error().code, "artifact_damaged");
    }
}

TEST(AnalysisArtifact, IsReadFromAFile) {
    const test::TemporaryFolder folder;
    const auto bytes = serialize(example()).value();
    std::ofstream(folder / "a")
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    const auto artifact = read_kept(folder / "a");
    ASSERT_TRUE(artifact);
    EXPECT_EQ(artifact->display_pixels, example().display_pixels);
    EXPECT_FALSE(read_kept(folder / "none"));
}

}  // namespace
}  // namespace hilum
