#include "model/decoder/pixels/pixel_layout.h"

#include <gmock/gmock.h>

#include "model/decoder/input/image_content.h"
#include "unit/model/decoder/test_radiograph.h"

namespace hilum::model {
namespace {

using testing::ElementsAre;

DcmDataset with(const DcmTagKey& tag, const char* value) {
    DcmDataset dataset;
    dataset.putAndInsertString(tag, value);
    return dataset;
}

TEST(PixelShape, IsSquareWhereNothingElseIsSaid) {
    DcmDataset dataset;
    EXPECT_EQ(pixel_shape_of(dataset).height, pixel_shape_of(dataset).width);
    auto nonsense = with(DCM_PixelSpacing, "0\\0.1");
    EXPECT_EQ(pixel_shape_of(nonsense).height, pixel_shape_of(nonsense).width);
    auto needles = with(DCM_PixelAspectRatio, "1\\1000");
    EXPECT_EQ(pixel_shape_of(needles).height, pixel_shape_of(needles).width);
}

TEST(PixelShape, ComesFromAspectRatioOrSpacing) {
    auto ratio = with(DCM_PixelAspectRatio, "4\\3");
    const auto shape = pixel_shape_of(ratio);
    EXPECT_NEAR(static_cast<double>(shape.height) / static_cast<double>(shape.width), 4 / 3.0, 1e-5);
    auto spacing = with(DCM_ImagerPixelSpacing, "0.2\\0.1");
    EXPECT_EQ(pixel_shape_of(spacing).height, 2);
    EXPECT_EQ(pixel_shape_of(spacing).width, 1);
}

// An image whose pixels number the places of the standard view, stored another way round.
struct OrientationCase {
    const char* orientation;
    int rows, columns;
    std::vector<std::uint16_t> stored;
};

void PrintTo(const OrientationCase& one, std::ostream* out) {
    *out << one.orientation;
}

class TurnToStandardView : public testing::TestWithParam<OrientationCase> {};

TEST_P(TurnToStandardView, PutsEveryPixelInItsPlace) {
    auto dataset = with(DCM_PatientOrientation, GetParam().orientation);
    const StoredPixels pixels{GetParam().rows, GetParam().columns, {}, {}, GetParam().stored};
    std::vector<std::uint16_t> storage;
    const auto standard = turned(pixels, turn_to_standard_view(dataset), storage);
    EXPECT_EQ(standard.rows, 2);
    EXPECT_EQ(standard.columns, 3);
    EXPECT_THAT(storage, ElementsAre(1, 2, 3, 4, 5, 6));
}

INSTANTIATE_TEST_SUITE_P(Each, TurnToStandardView,
                         testing::Values(OrientationCase{"L\\F", 2, 3, {1, 2, 3, 4, 5, 6}},
                                         OrientationCase{"R\\F", 2, 3, {3, 2, 1, 6, 5, 4}},
                                         OrientationCase{"L\\H", 2, 3, {4, 5, 6, 1, 2, 3}},
                                         OrientationCase{"R\\H", 2, 3, {6, 5, 4, 3, 2, 1}},
                                         OrientationCase{"F\\L", 3, 2, {1, 4, 2, 5, 3, 6}},
                                         OrientationCase{"H\\L", 3, 2, {4, 1, 5, 2, 6, 3}},
                                         OrientationCase{"F\\R", 3, 2, {3, 6, 2, 5, 1, 4}},
                                         OrientationCase{"H\\R", 3, 2, {6, 3, 5, 2, 4, 1}}));

TEST(TurnToStandardView, LeavesLateralAndUnknownImagesAlone) {
    for (const char* orientation : {"A\\F", "P\\F", "L", "", "X\\Y", "L\\R"}) {
        auto dataset = with(DCM_PatientOrientation, orientation);
        EXPECT_EQ(turn_to_standard_view(dataset), Turn{}) << orientation;
    }
}

TEST(PatientOrientation, TellsALateralViewByItsChiefDirections) {
    for (const char* orientation : {"A\\F", "P\\F", "A\\H", "AF\\FP", "PL\\FA", "F\\A", "H\\P"}) {
        auto dataset = with(DCM_PatientOrientation, orientation);
        EXPECT_TRUE(is_oriented_as_lateral(dataset)) << orientation;
    }
    for (const char* orientation : {"L\\F", "R\\F", "F\\L", "LA\\F", "A\\L", "P\\A", "A", "", "X\\F"}) {
        auto dataset = with(DCM_PatientOrientation, orientation);
        EXPECT_FALSE(is_oriented_as_lateral(dataset)) << orientation;
    }
}

TEST(PatientOrientation, IsNamedByItsChiefDirections) {
    auto oblique = with(DCM_PatientOrientation, "RA\\FR");
    EXPECT_EQ(orientation_of(oblique), "R, F");
    auto half = with(DCM_PatientOrientation, "R");
    EXPECT_EQ(orientation_of(half), "");
}

std::string content_code(const std::vector<std::uint16_t>& words, const Grayscale& grayscale = {}) {
    const StoredPixels pixels{1, static_cast<int>(words.size()), {}, {}, words};
    const auto refused = check_content(pixels.word_counts(), pixels.encoding, grayscale);
    return refused ? refused->code : "";
}

TEST(CheckContent, KnowsBlankAndNearlyEmptyImages) {
    EXPECT_EQ(content_code(std::vector<std::uint16_t>(1000, 7)), "blank");
    std::vector<std::uint16_t> speck(1000, 7);
    speck[5] = 9;
    EXPECT_EQ(content_code(speck), "nearly_empty");
    std::vector<std::uint16_t> collimated(1000, 0);
    for (std::size_t i = 600; i < 1000; ++i) collimated[i] = static_cast<std::uint16_t>(i);
    EXPECT_EQ(content_code(collimated), "");
}

TEST(CheckContent, CountsPaddingAsNothing) {
    Grayscale grayscale;
    grayscale.padding = PaddingRange{0, 3};
    std::vector<std::uint16_t> words(1000, 2);
    EXPECT_EQ(content_code(words, grayscale), "blank");
    words[1] = 100, words[2] = 200;
    EXPECT_EQ(content_code(words, grayscale), "nearly_empty");
}

}  // namespace
}  // namespace hilum::model
