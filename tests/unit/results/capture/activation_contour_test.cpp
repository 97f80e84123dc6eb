#include "results/capture/activation_contour.h"

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

void expect_near(const std::vector<ImageRegion>& regions, const std::vector<ImageRegion>& expected) {
    ASSERT_EQ(regions.size(), expected.size());
    for (std::size_t i = 0; i < regions.size(); ++i) {
        constexpr double sample = 1.0 / 256;
        EXPECT_NEAR(regions[i].left, expected[i].left, sample) << i;
        EXPECT_NEAR(regions[i].top, expected[i].top, sample) << i;
        EXPECT_NEAR(regions[i].right, expected[i].right, sample) << i;
        EXPECT_NEAR(regions[i].bottom, expected[i].bottom, sample) << i;
    }
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
TEST(ActivationRegions, BoundWhatIsAtLeastHalfOfTheMaximum) {
    expect_near(activation_regions(square({{2, 3}}), 0), {{3 / 8.0, 2 / 8.0, 4 / 8.0, 3 / 8.0}});
}

TEST(ActivationRegions, EndAtTheImagesEdge) {
    expect_near(activation_regions(square({{0, 0}, {0, 1}, {7, 7}}), 0),
                {{0, 0, 2 / 8.0, 1 / 8.0}, {7 / 8.0, 7 / 8.0, 1, 1}});
}

TEST(ActivationRegions, AreOneForEachPlaceTheLargestFirst) {
    expect_near(activation_regions(square({{2, 3}, {5, 5}, {5, 6}}), 0),
                {{5 / 8.0, 5 / 8.0, 7 / 8.0, 6 / 8.0}, {3 / 8.0, 2 / 8.0, 4 / 8.0, 3 / 8.0}});
}

TEST(ActivationRegions, AreNoneForWhatIsWeakWithinTheStrong) {
    const auto ring = square(
        {{2, 2}, {2, 3}, {2, 4}, {2, 5}, {3, 2}, {3, 5}, {4, 2}, {4, 5}, {5, 2}, {5, 3}, {5, 4}, {5, 5}});
    expect_near(activation_regions(ring, 0), {{2 / 8.0, 2 / 8.0, 6 / 8.0, 6 / 8.0}});
}

TEST(ActivationRegions, AreTheLargestEightOfMany) {
    std::vector<std::pair<int, int>> cells{{0, 1}};
    for (int row = 0; row < 8; row += 2)
        for (int column = 0; column < 8; column += 2) cells.emplace_back(row, column);
    const auto regions = activation_regions(square(cells), 0);
    ASSERT_EQ(regions.size(), 8U);
    EXPECT_GT(regions.front().right, 2.5 / 8);  // 0, 1 and 2 of the first row
}

TEST(ActivationRegions, LieWhereALetterboxedInputSaysTheyDo) {
    auto artifact = square({{4, 2}});
    artifact.display = {256, 128};
    artifact.geometry = {{}, 256, 128, 256, 128, 0, 64, 256, 256};
    expect_near(activation_regions(artifact, 0), {{2 / 8.0, 2 / 4.0, 3 / 8.0, 3 / 4.0}});
}

TEST(ActivationRegions, LieWhereAStretchedInputSaysTheyDo) {
    auto artifact = square({{4, 2}});
    artifact.display = {256, 128};
    artifact.geometry = {{}, 256, 128, 256, 256, 0, 0, 256, 256};
    expect_near(activation_regions(artifact, 0), {{2 / 8.0, 4 / 8.0, 3 / 8.0, 5 / 8.0}});
}

TEST(ActivationRegions, EndWhereACroppedInputDoes) {
    auto artifact = square({{4, 0}});
    artifact.display = {256, 128};
    artifact.geometry = {{}, 256, 128, 512, 256, -128, 0, 256, 256};  // the middle half
    expect_near(activation_regions(artifact, 0), {{0.25, 4 / 8.0, 0.25 + 1 / 16.0, 5 / 8.0}});
}

TEST(ActivationRegions, AreTurnedBackWithTheImage) {
    auto artifact = square({{1, 2}});
    artifact.geometry.turn.flipped_columns = true;
    expect_near(activation_regions(artifact, 0), {{5 / 8.0, 1 / 8.0, 6 / 8.0, 2 / 8.0}});
}

TEST(ActivationRegions, AreNoneWithoutAMapOrWhereItIsNowherePositive) {
    EXPECT_THAT(activation_regions(square({}), 0), testing::IsEmpty());
    EXPECT_THAT(activation_regions(square({{1, 1}}), 1), testing::IsEmpty());
    EXPECT_THAT(activation_contours(square({}), 0), testing::IsEmpty());
}

ImageRegion words_at(const ImagePlace& place) {
    return {place.across, place.down, place.across + 0.3, place.down + 0.04};
}

bool overlap(const ImageRegion& a, const ImageRegion& b) {
    return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

TEST(PlaceBeside, IsWithinTheImageAndOffAllRegionsWhereThereIsRoom) {
    const ImageRegion middle{0.4, 0.4, 0.6, 0.6}, bottom{0.4, 0.7, 0.6, 1}, corner{0.8, 0.85, 1, 1},
        below{0.3, 0.61, 0.7, 0.7}, above{0.3, 0.3, 0.7, 0.39};
    for (const std::vector<ImageRegion>& regions :
         {std::vector<ImageRegion>{middle}, {bottom}, {corner}, {middle, below}, {middle, below, above}}) {
        const ImageRegion words = words_at(place_beside(regions, 0.3, 0.04));
        EXPECT_GE(words.left, 0);
        EXPECT_GE(words.top, 0);
        EXPECT_LE(words.right, 1);
        EXPECT_LE(words.bottom, 1);
        for (const ImageRegion& region : regions) EXPECT_FALSE(overlap(words, region));
    }
    EXPECT_NEAR(place_beside({middle}, 0.3, 0.04).down, 0.61, 1e-9) << "below it";
    EXPECT_LT(place_beside({bottom}, 0.3, 0.04).down, 0.7) << "above it";
}

TEST(PlaceBeside, StaysWithinAnImageThatIsOneRegion) {
    const ImageRegion words = words_at(place_beside({{0, 0, 1, 1}}, 0.3, 0.04));
    EXPECT_GE(words.left, 0);
    EXPECT_LE(words.bottom, 1);
}

}  // namespace
}  // namespace hilum::results::test
