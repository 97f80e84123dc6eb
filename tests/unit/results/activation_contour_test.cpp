#include "results/activation_contour.h"

#include <gmock/gmock.h>

#include "unit/results/report_fixture.h"

namespace hilum::results::test {
namespace {

// A square image whose input is the whole of it, with a map of 8 x 8 cells.
AnalysisArtifact square(const std::vector<std::pair<int, int>>& hot_cells) {
    AnalysisArtifact artifact;
    artifact.display = {256, 256};
    artifact.geometry = {{}, 256, 256, 256, 256, 0, 0, 256, 256};
    artifact.map_labels = 1;
    artifact.map_rows = artifact.map_columns = 8;
    artifact.maps.assign(64, 0.0F);
    for (const auto& [row, column] : hot_cells)
        artifact.maps.at(static_cast<std::size_t>(row) * 8 + static_cast<std::size_t>(column)) = 1;
    return artifact;
}

void expect_near(const std::optional<ImageRegion>& region, const ImageRegion& expected) {
    ASSERT_TRUE(region.has_value());
    constexpr double sample = 1.0 / 256;
    EXPECT_NEAR(region->left, expected.left, sample);
    EXPECT_NEAR(region->top, expected.top, sample);
    EXPECT_NEAR(region->right, expected.right, sample);
    EXPECT_NEAR(region->bottom, expected.bottom, sample);
}

TEST(ActivationContours, AreOneClosedLineForEachPlace) {
    for (const auto& contour : activation_contours(square({{2, 2}, {5, 6}}), 0)) {
        EXPECT_EQ(contour.front().across, contour.back().across);
        EXPECT_EQ(contour.front().down, contour.back().down);
    }
    EXPECT_EQ(activation_contours(square({{2, 2}}), 0).size(), 1U);
    EXPECT_EQ(activation_contours(square({{2, 2}, {5, 6}}), 0).size(), 2U);
    EXPECT_EQ(activation_contours(square({{2, 2}, {2, 3}}), 0).size(), 1U);
}

TEST(ActivationContours, GoRoundWhatIsWeakWithinTheStrong) {
    const auto ring = square(
        {{2, 2}, {2, 3}, {2, 4}, {2, 5}, {3, 2}, {3, 5}, {4, 2}, {4, 5}, {5, 2}, {5, 3}, {5, 4}, {5, 5}});
    EXPECT_EQ(activation_contours(ring, 0).size(), 2U);
}

TEST(ActivationContours, JoinOrPartCellsThatTouchAtACornerAndStayClosed) {
    for (const auto& contour : activation_contours(square({{2, 2}, {3, 3}, {4, 2}, {3, 1}}), 0)) {
        EXPECT_GT(contour.size(), 4U);
        EXPECT_EQ(contour.front().across, contour.back().across);
    }
    EXPECT_FALSE(activation_contours(square({{2, 2}, {3, 3}}), 0).empty());
}

// Interpolated, a single cell falls to a half half a cell from its centre: its own width.
TEST(ActivationRegion, BoundsWhatIsAtLeastHalfOfTheMaximum) {
    expect_near(activation_region(square({{2, 3}}), 0), {3 / 8.0, 2 / 8.0, 4 / 8.0, 3 / 8.0});
    expect_near(activation_region(square({{2, 3}, {5, 6}}), 0), {3 / 8.0, 2 / 8.0, 7 / 8.0, 6 / 8.0});
}

TEST(ActivationRegion, EndsAtTheImagesEdge) {
    expect_near(activation_region(square({{0, 0}, {7, 7}}), 0), {0, 0, 1, 1});
}

TEST(ActivationRegion, LiesWhereALetterboxedInputSaysItDoes) {
    auto artifact = square({{4, 2}});
    artifact.display = {256, 128};
    artifact.geometry = {{}, 256, 128, 256, 128, 0, 64, 256, 256};
    expect_near(activation_region(artifact, 0), {2 / 8.0, 2 / 4.0, 3 / 8.0, 3 / 4.0});
}

TEST(ActivationRegion, LiesWhereAStretchedInputSaysItDoes) {
    auto artifact = square({{4, 2}});
    artifact.display = {256, 128};
    artifact.geometry = {{}, 256, 128, 256, 256, 0, 0, 256, 256};
    expect_near(activation_region(artifact, 0), {2 / 8.0, 4 / 8.0, 3 / 8.0, 5 / 8.0});
}

TEST(ActivationRegion, EndsWhereACroppedInputDoes) {
    auto artifact = square({{4, 0}});
    artifact.display = {256, 128};
    artifact.geometry = {{}, 256, 128, 512, 256, -128, 0, 256, 256};  // the middle half
    const auto region = activation_region(artifact, 0);
    expect_near(region, {0.25, 4 / 8.0, 0.25 + 1 / 16.0, 5 / 8.0});
}

TEST(ActivationRegion, IsTurnedBackWithTheImage) {
    auto artifact = square({{1, 2}});
    artifact.geometry.turn.flipped_columns = true;
    expect_near(activation_region(artifact, 0), {5 / 8.0, 1 / 8.0, 6 / 8.0, 2 / 8.0});
}

TEST(ActivationRegion, IsNoneWithoutAMapOrWhereItIsNowherePositive) {
    EXPECT_FALSE(activation_region(square({}), 0).has_value());
    EXPECT_FALSE(activation_region(square({{1, 1}}), 1).has_value());
    EXPECT_THAT(activation_contours(square({}), 0), testing::IsEmpty());
}

}  // namespace
}  // namespace hilum::results::test
