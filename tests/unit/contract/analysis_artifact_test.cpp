#include "contract/analysis_artifact.h"

#include <gtest/gtest.h>

#include <fstream>

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

TEST(AnalysisArtifact, ReadsBackWhatWasWritten) {
    const auto artifact = parse_artifact(serialize(example()));
    ASSERT_TRUE(artifact) << artifact.error().message;
    EXPECT_EQ(artifact->attributes.sop_instance_uid, "1.2.3");
    EXPECT_EQ(artifact->attributes.view, "PA");
    EXPECT_EQ(artifact->geometry.scaled_rows, 427);
    EXPECT_EQ(artifact->display.columns, 4);
    EXPECT_EQ(artifact->display_pixels, example().display_pixels);
    EXPECT_EQ(artifact->maps, example().maps);
    EXPECT_EQ(artifact->map_labels, 2);
}

TEST(AnalysisArtifact, MayLackPixelsAndMaps) {
    const auto artifact = parse_artifact(serialize({}));
    ASSERT_TRUE(artifact) << artifact.error().message;
    EXPECT_TRUE(artifact->display_pixels.empty());
    EXPECT_TRUE(artifact->maps.empty());
}

TEST(AnalysisArtifact, NoticesEveryChangedByte) {
    const auto whole = serialize(example());
    for (std::size_t i = 0; i < whole.size(); ++i) {
        auto changed = whole;
        changed[i] ^= std::byte{1};
        const auto artifact = parse_artifact(changed);
        ASSERT_FALSE(artifact) << "byte " << i;
        EXPECT_EQ(artifact.error().code, "artifact_damaged");
    }
}

TEST(AnalysisArtifact, NoticesEveryMissingEnd) {
    const auto whole = serialize(example());
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const auto artifact = parse_artifact(std::span(whole).first(size));
        ASSERT_FALSE(artifact) << size << " bytes";
        EXPECT_EQ(artifact.error().code, "artifact_damaged");
    }
}

TEST(AnalysisArtifact, IsReadFromAFile) {
    const test::TemporaryFolder folder;
    const auto bytes = serialize(example());
    std::ofstream(folder / "a")
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    const auto artifact = read_artifact(folder / "a");
    ASSERT_TRUE(artifact);
    EXPECT_EQ(artifact->display_pixels, example().display_pixels);
    EXPECT_FALSE(read_artifact(folder / "none"));
}

}  // namespace
}  // namespace hilum
