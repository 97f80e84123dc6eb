#include "model/decoder/input/antialiased_resize.h"

#include <gmock/gmock.h>

#include <algorithm>

namespace hilum::model {
namespace {

using testing::FloatNear;
using testing::Pointwise;

RowReader reader(const std::vector<float>& image, std::size_t columns) {
    return [&image, columns](int row, std::span<float> values) {
        std::copy_n(image.begin() + row * static_cast<std::ptrdiff_t>(columns), columns, values.begin());
    };
}

const std::vector<float> four_by_four{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16};

std::vector<float> resized_four_by_four(AxisScaling rows, AxisScaling columns) {
    return resize_bilinear(rows, columns, reader(four_by_four, 4));
}

// The expected values are Pillow 9.4's: Image.fromarray(a, mode="F").resize((columns, rows), Image.BILINEAR).

TEST(ResizeBilinear, ShrinksAsPillowDoes) {
    EXPECT_THAT(resized_four_by_four({4, 2, 0, 2}, {4, 2, 0, 2}),
                Pointwise(FloatNear(1e-5F), {3.5714288F, 5.1428571F, 9.8571434F, 11.6122446F}));
}

TEST(ResizeBilinear, ShrinksByARatioThatIsNoWholeNumber) {
    EXPECT_THAT(resized_four_by_four({4, 2, 0, 2}, {4, 3, 0, 3}),
                Pointwise(FloatNear(1e-5F),
                          {3.1571429F, 4.3571429F, 5.5571427F, 9.4428577F, 10.6428576F, 12.1428566F}));
}

TEST(ResizeBilinear, EnlargesAsPillowDoes) {
    const auto enlarged = resized_four_by_four({4, 5, 0, 5}, {4, 7, 0, 7});
    const std::vector<float> last_row(enlarged.end() - 7, enlarged.end());
    EXPECT_THAT(last_row, Pointwise(FloatNear(1e-5F), {12.0F, 12.3571424F, 12.9285715F, 13.5F, 14.1428576F,
                                                       15.2857141F, 16.0F}));
}

TEST(ResizeBilinear, MakesOnePixelOfAll) {
    EXPECT_THAT(resized_four_by_four({4, 1, 0, 1}, {4, 1, 0, 1}), Pointwise(FloatNear(1e-5F), {7.5434027F}));
}

TEST(ResizeBilinear, LeavesAnImageOfTheWantedSizeAsItIs) {
    EXPECT_EQ(resized_four_by_four({4, 4, 0, 4}, {4, 4, 0, 4}), four_by_four);
}

TEST(ResizeBilinear, GivesTheWantedPartOfTheWhole) {
    const auto whole = resized_four_by_four({4, 5, 0, 5}, {4, 7, 0, 7});
    const auto part = resized_four_by_four({4, 5, 1, 2}, {4, 7, 2, 3});
    ASSERT_EQ(part.size(), 6U);
    for (std::size_t y = 0; y < 2; ++y)
        for (std::size_t x = 0; x < 3; ++x) EXPECT_FLOAT_EQ(part[y * 3 + x], whole[(y + 1) * 7 + x + 2]);
}

TEST(ResizeBilinear, ReadsEachRowAtMostOnceAndInOrder) {
    std::vector<int> read;
    resize_bilinear({9, 4, 0, 4}, {13, 5, 0, 5}, [&](int row, std::span<float> values) {
        read.push_back(row);
        std::ranges::fill(values, 1.0F);
    });
    EXPECT_EQ(read, (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8}));
}

TEST(ResizeBilinear, KeepsAnEvenImageEven) {
    const auto result = resize_bilinear({1000, 7, 0, 7}, {3, 400, 0, 400}, [](int, std::span<float> values) {
        std::ranges::fill(values, 0.25F);
    });
    EXPECT_THAT(result, testing::Each(FloatNear(0.25F, 1e-5F)));
}

}  // namespace
}  // namespace hilum::model
