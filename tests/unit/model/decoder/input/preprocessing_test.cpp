#include "model/decoder/input/preprocessing.h"

#include <gmock/gmock.h>

#include <numeric>

namespace hilum::model {
namespace {

InputSpecification input_of(int rows, int columns, Resize resize) {
    InputSpecification input;
    input.rows = rows;
    input.columns = columns;
    input.resize = resize;
    return input;
}

struct GeometryCase {
    const char* what;
    Resize resize;
    int source_rows, source_columns, input_rows, input_columns;
    int scaled_rows, scaled_columns, top, left;
};

void PrintTo(const GeometryCase& one, std::ostream* out) {
    *out << one.what;
}

class GeometryOf : public testing::TestWithParam<GeometryCase> {};

TEST_P(GeometryOf, IsAsTheResizeSays) {
    const auto& one = GetParam();
    const auto geometry = input_geometry(one.source_rows, one.source_columns,
                                         input_of(one.input_rows, one.input_columns, one.resize));
    EXPECT_EQ(geometry.source_rows, one.source_rows);
    EXPECT_EQ(geometry.source_columns, one.source_columns);
    EXPECT_EQ(geometry.input_rows, one.input_rows);
    EXPECT_EQ(geometry.input_columns, one.input_columns);
    EXPECT_EQ(geometry.scaled_rows, one.scaled_rows);
    EXPECT_EQ(geometry.scaled_columns, one.scaled_columns);
    EXPECT_EQ(geometry.top, one.top);
    EXPECT_EQ(geometry.left, one.left);
}

INSTANTIATE_TEST_SUITE_P(
    InputGeometry, GeometryOf,
    testing::Values(
        GeometryCase{"letterbox, tall", Resize::letterbox, 3000, 2000, 512, 512, 512, 341, 0, 85},
        GeometryCase{"letterbox, wide", Resize::letterbox, 2000, 3000, 512, 512, 341, 512, 85, 0},
        GeometryCase{"letterbox, square", Resize::letterbox, 1024, 1024, 224, 224, 224, 224, 0, 0},
        GeometryCase{"letterbox, enlarged", Resize::letterbox, 100, 50, 512, 256, 512, 256, 0, 0},
        GeometryCase{"letterbox, a line", Resize::letterbox, 1, 65535, 512, 512, 1, 512, 255, 0},
        GeometryCase{"stretch", Resize::stretch, 3000, 2000, 512, 256, 512, 256, 0, 0},
        GeometryCase{"crop, tall", Resize::crop, 3000, 2000, 512, 512, 768, 512, -128, 0},
        GeometryCase{"crop, wide", Resize::crop, 2000, 3001, 512, 512, 512, 768, 0, -128},
        GeometryCase{"crop, half to even", Resize::crop, 513, 512, 512, 512, 513, 512, 0, 0},
        GeometryCase{"crop, half to even above", Resize::crop, 515, 512, 512, 512, 515, 512, -2, 0},
        GeometryCase{"crop, a line", Resize::crop, 1, 65535, 512, 512, 512, 512 * 65535, 0, -16776704}));

TEST(DisplayGeometryOf, MakesTheLongerSideExactlyAsLongAsAsked) {
    EXPECT_EQ(display_geometry(3000, 2000, 1280).rows, 1280);
    EXPECT_EQ(display_geometry(3000, 2000, 1280).columns, 853);
    EXPECT_EQ(display_geometry(2000, 3000, 1280).columns, 1280);
    EXPECT_EQ(display_geometry(500, 500, 1280).rows, 1280);
    EXPECT_EQ(display_geometry(1, 65535, 1280).rows, 1);
}

// A wide image whose intensity is 1 everywhere.
class WhiteImage : public testing::Test {
  protected:
    static constexpr PixelEncoding encoding{
        .bits_allocated = 8, .bits_stored = 8, .high_bit = 7, .is_signed = false};
    std::vector<std::uint8_t> bytes = std::vector<std::uint8_t>(20 * 40, 200);
    std::vector<float> table = std::vector<float>(256, 1.0F);
    StoredPixels pixels{.rows = 20, .columns = 40, .encoding = encoding, .bytes = bytes, .words = {}};
};

TEST_F(WhiteImage, IsSurroundedByNormalisedBlackInALetterbox) {
    InputSpecification input = input_of(8, 8, Resize::letterbox);
    input.channels = 3;
    input.range_low = -1;
    input.range_high = 1;
    input.mean = {0.5, 0.0, -0.5};
    input.std = {0.5, 1.0, 2.0};
    std::vector<float> tensor(3 * 64, 99.0F);
    fill_tensor(pixels, table, input_geometry(20, 40, input), input, tensor);
    for (std::size_t channel = 0; channel < 3; ++channel) {
        const auto mean = input.mean[channel], std = input.std[channel];
        for (std::size_t y = 0; y < 8; ++y)
            for (std::size_t x = 0; x < 8; ++x) {
                const double expected = (((y >= 2 && y < 6) ? 1.0 : -1.0) - mean) / std;
                EXPECT_NEAR(tensor[channel * 64 + y * 8 + x], expected, 1e-6)
                    << channel << " " << y << " " << x;
            }
    }
}

TEST_F(WhiteImage, FillsTheInputWhenStretchedOrCropped) {
    for (const Resize resize : {Resize::stretch, Resize::crop}) {
        const InputSpecification input = input_of(8, 8, resize);
        std::vector<float> tensor(64, 99.0F);
        fill_tensor(pixels, table, input_geometry(20, 40, input), input, tensor);
        EXPECT_THAT(tensor, testing::Each(testing::FloatNear(1.0F, 1e-6F)));
    }
}

TEST_F(WhiteImage, IsWhiteOnTheDisplay) {
    const auto image = display_image(pixels, table, display_geometry(20, 40, 30));
    EXPECT_EQ(image.size(), 30U * 15U);
    EXPECT_THAT(image, testing::Each(255));
}

TEST(FillTensor, CropKeepsTheMiddle) {
    std::vector<std::uint8_t> bytes(4 * 12);
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i % 12);
    std::vector<float> table(256);
    std::iota(table.begin(), table.end(), 0.0F);
    const StoredPixels pixels{
        .rows = 4,
        .columns = 12,
        .encoding = {.bits_allocated = 8, .bits_stored = 8, .high_bit = 7, .is_signed = false},
        .bytes = bytes,
        .words = {}};
    const InputSpecification input = input_of(4, 4, Resize::crop);
    std::vector<float> tensor(16);
    fill_tensor(pixels, table, input_geometry(4, 12, input), input, tensor);
    EXPECT_EQ(std::vector<float>(tensor.begin(), tensor.begin() + 4), (std::vector<float>{4, 5, 6, 7}));
}

}  // namespace
}  // namespace hilum::model
