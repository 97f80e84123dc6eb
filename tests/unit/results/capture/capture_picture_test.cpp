#include "results/capture/capture_picture.h"

#include <sys/resource.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <limits>
#include <new>

#include "results/activation/activation_overlay.h"
#include "results/capture/capture_text.h"
#include "unit/results/report_fixture.h"

namespace hilum::results::test {
namespace {

// A map of one label with one hot cell, for an image of 200 x 100 letterboxed into 100 x 100.
AnalysisArtifact one_hot(int hot_row, int hot_column) {
    AnalysisArtifact artifact;
    artifact.geometry = {{}, 200, 100, 100, 50, 0, 25, 100, 100};
    artifact.map_labels = 1;
    artifact.map_rows = artifact.map_columns = 10;
    artifact.maps.assign(100, -1.0F);
    artifact.maps[static_cast<std::size_t>(hot_row * 10 + hot_column)] = 3.0F;
    return artifact;
}

float at(const StrengthField& field, int row, int column) {
    return field.values[static_cast<std::size_t>(row * field.columns + column)];
}

TEST(StrengthField, PutsTheHotCellWhereTheLetterboxedInputSaysItLies) {
    // Cell (5, 2): rows 50 to 60 of the input are rows 50 to 70 of the image, columns 20 to 30 are 40 to 60.
    const auto field = strength_field(one_hot(5, 2), 0, 200, 100);
    ASSERT_EQ(field.columns, 200);
    ASSERT_EQ(field.rows, 100);
    EXPECT_GT(at(field, 60, 50), 0.9F);
    EXPECT_EQ(at(field, 60, 90), 0.0F);
    EXPECT_EQ(at(field, 20, 50), 0.0F);
}

TEST(StrengthField, InterpolatesBetweenTheCentresOfTwoCells) {
    const auto field = strength_field(one_hot(5, 2), 0, 200, 100);
    EXPECT_NEAR(at(field, 60, 60), 0.5F * at(field, 60, 50), 0.06F);
}

TEST(StrengthField, IsZeroWhereTheInputWasCropped) {
    auto artifact = one_hot(5, 5);
    artifact.geometry = {{}, 200, 100, 200, 100, -50, 0, 100, 100};  // the middle 100 columns of 200
    artifact.maps.assign(100, 1.0F);
    const auto field = strength_field(artifact, 0, 200, 100);
    EXPECT_EQ(at(field, 50, 20), 0.0F);
    EXPECT_EQ(at(field, 50, 100), 1.0F);
    EXPECT_EQ(at(field, 50, 180), 0.0F);
}

TEST(StrengthField, IsEmptyForAMapThatIsNotFiniteOrNowherePositive) {
    auto artifact = one_hot(5, 5);
    artifact.maps[3] = std::numeric_limits<float>::quiet_NaN();
    EXPECT_TRUE(strength_field(artifact, 0, 10, 10).values.empty());
    artifact.maps.assign(100, -1.0F);
    EXPECT_TRUE(strength_field(artifact, 0, 10, 10).values.empty());
    EXPECT_TRUE(strength_field(artifact, 1, 10, 10).values.empty());
}

TEST(MappedLabel, IsTheDiagnosisWhereItIsAFindingAndNoneForANormalImage) {
    EXPECT_EQ(mapped_label(pneumonia_result()), 1);
    EXPECT_EQ(mapped_label(normal_result()), -1);
}

struct PictureShape {
    int columns, rows;
};

void PrintTo(const PictureShape& shape, std::ostream* out) {
    *out << shape.columns << " x " << shape.rows;
}
class CapturePicture : public testing::TestWithParam<PictureShape> {};

TEST_P(CapturePicture, HasTheLongSideAskedForWhateverTheImagesShape) {
    const auto artifact = artifact_for(pneumonia_result(), GetParam().columns, GetParam().rows);
    const auto picture =
        draw_capture(artifact, pneumonia_result(), english(), 640, "2026-03-02 08:15:30 +0000");
    ASSERT_TRUE(picture.has_value()) << picture.error().message;
    EXPECT_EQ(std::max(picture->columns, picture->rows), 640);
    EXPECT_EQ(picture->rgb.size(),
              static_cast<std::size_t>(picture->columns) * static_cast<std::size_t>(picture->rows) * 3);
}

INSTANTIATE_TEST_SUITE_P(Shapes, CapturePicture,
                         testing::Values(PictureShape{300, 300}, PictureShape{300, 360},
                                         PictureShape{430, 350}, PictureShape{60, 400},
                                         PictureShape{400, 60}));

AnalysisArtifact artifact_to_show(int columns, int rows) {
    auto artifact = artifact_for(normal_result(), 300, 300);
    artifact.display.columns = columns;
    artifact.display.rows = rows;
    artifact.display_pixels.assign(static_cast<std::size_t>(columns) * static_cast<std::size_t>(rows), 128);
    return artifact;
}

// Nobody is to see a diagnosis on black.
TEST(CapturePictureOfNothing, IsNotMadeWhereItsRadiographCannotBeDrawn) {
    constexpr int beyond_cairo = 40'000;
    const auto picture =
        draw_capture(artifact_to_show(beyond_cairo, 20), normal_result(), english(), 640, "");
    ASSERT_FALSE(picture);
    EXPECT_EQ(picture.error().code, "drawing");
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

// Exits with 1 where the memory does not suffice for a picture of 8192 x 8192 pixels.
[[noreturn]] void draw_with_little_memory() {
    const auto artifact = artifact_to_show(8192, 8192);
    const auto draw = [&](const AnalysisArtifact& shown) {
        return draw_capture(shown, normal_result(), english(), 640, "").has_value();
    };
    if (!draw(artifact_to_show(300, 300))) std::_Exit(2);
    rlim_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    const rlim_t most = pages * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE)) + (128U << 20);
    const rlimit limit{most, most};
    if (::setrlimit(RLIMIT_AS, &limit) != 0) std::_Exit(3);
    try {
        std::_Exit(draw(artifact) ? 0 : 4);
    } catch (const std::bad_alloc&) {
        std::_Exit(1);
    }
}

TEST(CapturePictureOfNothing, IsNotMadeWhereCairoGetsNoMemoryForTheRadiograph) {
    EXPECT_EXIT(draw_with_little_memory(), testing::ExitedWithCode(1), "");
}

#endif

TEST(CapturePictureColours, AreThoseOfTheMapOnlyWhereThereIsAFinding) {
    const auto coloured_pixels = [](const InferenceResult& result) {
        const auto artifact = artifact_for(result, 300, 300);
        const auto picture = draw_capture(artifact, result, english(), 640, "2026-03-02 08:15:30 +0000");
        int coloured = 0;  // within the image: below the banner, above the panel
        for (int row = 60; row < 400; ++row)
            for (int column = 0; column < picture->columns; ++column) {
                const auto* pixel =
                    &picture->rgb[static_cast<std::size_t>(row * picture->columns + column) * 3];
                coloured += std::abs(pixel[0] - pixel[2]) > 20 ? 1 : 0;
            }
        return coloured;
    };
    EXPECT_GT(coloured_pixels(pneumonia_result()), 1000);
    EXPECT_EQ(coloured_pixels(normal_result()), 0);
}

// Bars in the colour of findings, counted at the left end that all bars have.
int orange_bars(const InferenceResult& result, int columns, int rows) {
    constexpr int long_side = 1280;  // lengths are as in capture_picture.cpp
    const auto picture =
        draw_capture(artifact_for(result, columns, rows), result, english(), long_side, "now");
    EXPECT_EQ(std::max(picture->columns, picture->rows), long_side);
    const int column = 28 + static_cast<int>((picture->columns - 2 * 28) * 0.44) + 12 + 4;
    int bars = 0;
    bool within = false;
    for (int row = 60; row < picture->rows; ++row) {  // below the banner
        const auto* pixel = &picture->rgb[static_cast<std::size_t>(row * picture->columns + column) * 3];
        const bool orange = pixel[0] > 220 && pixel[1] > 140 && pixel[2] < 20;
        bars += orange && !within ? 1 : 0;
        within = orange;
    }
    return bars;
}

TEST(CapturePictureOfManyLabels, HasABarForEachFindingThatHasRoom) {
    for (const auto& [columns, rows] : {std::pair{300, 360}, {60, 400}, {400, 60}}) {
        EXPECT_EQ(orange_bars(eight_labels_result(), columns, rows), 2);
        EXPECT_EQ(orange_bars(all_findings_result(9), columns, rows), 9);
        EXPECT_EQ(orange_bars(all_findings_result(14), columns, rows), 14);
    }
}

TEST(CaptureText, SaysIndeterminateInEachLanguageAndWhy) {
    const auto text = [](const char* language) {
        return capture_text(undecided_result(), words_in(language), "now", "", false);
    };
    EXPECT_EQ(text("en").headline, "Indeterminate");
    EXPECT_EQ(text("en").score, "Normal: Model score 0.38");
    EXPECT_EQ(text("en").threshold, "the best two differ by less than 0.10");
    EXPECT_EQ(text("de").headline, "Nicht eindeutig");
    EXPECT_EQ(text("de").threshold, "die besten zwei liegen um weniger als 0,10 auseinander");
    EXPECT_EQ(text("fr").headline, "Indéterminé");
}

TEST(CaptureText, RoundsNoScoreToCertainty) {
    auto result = pneumonia_result();
    result.labels[1].score = result.labels[1].probability = 0.9996;
    EXPECT_EQ(capture_text(result, english(), "now", "", true).score, "Model score >0.99");
    EXPECT_EQ(capture_text(result, words_in("de"), "now", "", true).score, "Modellwert >0,99");
}

TEST(CapturePictureText, NamesTheFrameWhereThereIsOne) {
    const auto artifact = artifact_for(normal_result(), 300, 300);
    const auto whole = draw_capture(artifact, normal_result(), english(), 640, "");
    const auto second = draw_capture(artifact, normal_result(), english(), 640, "", "frame 2 of 3");
    const auto third = draw_capture(artifact, normal_result(), english(), 640, "", "frame 3 of 3");
    ASSERT_TRUE(whole && second && third);
    EXPECT_NE(second->rgb, whole->rgb);
    EXPECT_NE(second->rgb, third->rgb);
}

TEST(CapturePictureInput, IsRefusedWhenTheDisplayImageIsNotOfItsSize) {
    auto artifact = artifact_for(pneumonia_result(), 300, 300);
    artifact.display_pixels.pop_back();
    const auto picture = draw_capture(artifact, pneumonia_result(), english(), 640, "");
    ASSERT_FALSE(picture.has_value());
    EXPECT_EQ(picture.error().code, "artifact_damaged");
}

}  // namespace
}  // namespace hilum::results::test
