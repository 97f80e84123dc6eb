#include "training/data/augmentation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace hilum::training {
namespace {

constexpr Size size{48, 64};

std::vector<float> ramp() {
    std::vector<float> image(size.count());
    for (std::size_t i = 0; i < image.size(); ++i) image[i] = static_cast<float>(i % 64 + i / 64) / 112;
    return image;
}

// Black but for a bright block.
std::vector<float> block(int left, int top, int right, int bottom) {
    std::vector<float> image(size.count());
    for (int y = top; y <= bottom; ++y)
        for (int x = left; x <= right; ++x) image[static_cast<std::size_t>(y * size.columns + x)] = 1;
    return image;
}

AugmentationSettings only(double AugmentationSettings::*strength, double value) {
    auto settings = AugmentationSettings::none();
    settings.*strength = value;
    return settings;
}

TEST(Augmentation, ChangesNothingWhereAllIsSwitchedOff) {
    EXPECT_FALSE(AugmentationSettings::none().any());
    auto image = ramp();
    Draws draws(1, 2, 3);
    augment(image, {}, size, AugmentationSettings::none(), draws);
    EXPECT_EQ(image, ramp());
}

TEST(Augmentation, EachStrengthAloneChangesTheImageAndKeepsItsRange) {
    for (auto strength :
         {&AugmentationSettings::rotation, &AugmentationSettings::zoom, &AugmentationSettings::aspect,
          &AugmentationSettings::shift, &AugmentationSettings::gamma, &AugmentationSettings::contrast,
          &AugmentationSettings::brightness, &AugmentationSettings::sharpness, &AugmentationSettings::noise,
          &AugmentationSettings::bars, &AugmentationSettings::boxes, &AugmentationSettings::grey_transfer}) {
        auto settings = only(strength, 1);
        ASSERT_TRUE(settings.any());
        auto image = block(20, 10, 40, 30);
        for (std::size_t i = 0; i < image.size(); ++i) image[i] = 0.2F + 0.5F * image[i];
        const auto before = image;
        Draws draws(1, 2, 3);
        augment(image, ramp(), size, settings, draws);
        EXPECT_NE(image, before);
        EXPECT_GE(*std::ranges::min_element(image), 0);
        EXPECT_LE(*std::ranges::max_element(image), 1);
    }
}

TEST(Augmentation, IsAFunctionOfSeedEpochAndImage) {
    const auto drawn = [](std::uint64_t seed, std::uint64_t epoch, std::uint64_t subject) {
        auto image = ramp();
        Draws draws(seed, epoch, subject);
        augment(image, ramp(), size, AugmentationSettings(), draws);
        return image;
    };
    EXPECT_EQ(drawn(1, 2, 3), drawn(1, 2, 3));
    EXPECT_NE(drawn(1, 2, 3), drawn(2, 2, 3));
    EXPECT_NE(drawn(1, 2, 3), drawn(1, 3, 3));
    EXPECT_NE(drawn(1, 2, 3), drawn(1, 2, 4));
}

TEST(Augmentation, TheIdentityMovesNothing) {
    const auto image = ramp();
    std::vector<float> moved(image.size());
    move_image(image, size, {}, moved);
    EXPECT_EQ(moved, image);
}

TEST(Augmentation, MovesByWholePixelsExactlyAndBlackComesIn) {
    const auto image = ramp();
    std::vector<float> moved(image.size());
    move_image(image, size, Affine{{1, 0, -5, 0, 1, -3}}, moved);  // 5 to the right, 3 down
    for (int y = 0; y < size.rows; ++y)
        for (int x = 0; x < size.columns; ++x) {
            const auto expected =
                x < 5 || y < 3 ? 0 : image[static_cast<std::size_t>((y - 3) * size.columns + x - 5)];
            ASSERT_EQ(moved[static_cast<std::size_t>(y * size.columns + x)], expected) << x << " " << y;
        }
}

TEST(Augmentation, HalfAPixelIsTheMeanOfTwo) {
    const auto image = block(10, 0, 10, 47);
    std::vector<float> moved(image.size());
    move_image(image, size, Affine{{1, 0, 0.5, 0, 1, 0}}, moved);
    EXPECT_FLOAT_EQ(moved[9], 0.5F);
    EXPECT_FLOAT_EQ(moved[10], 0.5F);
    EXPECT_FLOAT_EQ(moved[11], 0);
}

TEST(Augmentation, BoxesGoWhereTheImageGoes) {
    const auto image = block(20, 15, 35, 25);
    const std::vector<Box> boxes{{20, 15, 35, 25}};
    AugmentationSettings settings;
    settings.mirror = true;
    for (std::uint64_t subject = 0; subject < 50; ++subject) {
        Draws draws(1, 0, subject);
        const auto affine = draw_affine(settings, size, draws);
        std::vector<float> moved(image.size());
        std::vector<std::uint8_t> places(image.size());
        move_image(image, size, affine, moved);
        draw_boxes(boxes, size, affine, places);
        std::size_t marked = 0;
        for (std::size_t i = 0; i < places.size(); ++i) {
            if (moved[i] == 1 || moved[i] == 0) {
                ASSERT_EQ(places[i], moved[i] > 0 ? 1 : 0) << subject;
            }
            marked += places[i];
        }
        EXPECT_GT(marked, 40u) << subject;
    }
}

TEST(Augmentation, MirrorsOnlyWhereThatIsAskedFor) {
    auto settings = AugmentationSettings::none();
    int mirrored = 0;
    for (std::uint64_t subject = 0; subject < 200; ++subject) {
        Draws draws(1, 0, subject);
        EXPECT_GT(draw_affine(settings, size, draws).m[0], 0);
    }
    settings.mirror = true;
    for (std::uint64_t subject = 0; subject < 200; ++subject) {
        Draws draws(1, 0, subject);
        const auto m = draw_affine(settings, size, draws).m;
        mirrored += m[0] < 0;
        if (m[0] < 0) {
            EXPECT_DOUBLE_EQ(m[2], size.columns - 1);  // the last column becomes the first
        }
    }
    EXPECT_GT(mirrored, 70);
    EXPECT_LT(mirrored, 130);
}

TEST(Augmentation, RotatesAboutTheCentre) {
    auto settings = only(&AugmentationSettings::rotation, 90);
    Draws draws(1, 0, 0);
    const auto m = draw_affine(settings, size, draws).m;
    const double x = 31.5, y = 23.5;
    EXPECT_NEAR(m[0] * x + m[1] * y + m[2], x, 1e-9);
    EXPECT_NEAR(m[3] * x + m[4] * y + m[5], y, 1e-9);
    EXPECT_NEAR(m[0] * m[4] - m[1] * m[3], 1, 1e-9);  // areas stay
}

TEST(Augmentation, GreyValuesMoveTowardsTheOthersDistribution) {
    std::vector<float> dark(size.count()), bright(size.count());
    Draws draws(7);
    for (auto& value : dark) value = static_cast<float>(draws.between(0, 0.4));
    for (auto& value : bright) value = static_cast<float>(draws.between(0.5, 1));
    const auto whole = grey_transfer_table(dark, bright, size, 1);
    EXPECT_NEAR(whole[51], 0.75, 0.02);  // the median of one becomes that of the other
    EXPECT_NEAR(whole[102], 1, 0.02);
    const auto half = grey_transfer_table(dark, bright, size, 0.5);
    EXPECT_NEAR(half[51], (0.2 + 0.75) / 2, 0.02);
    EXPECT_TRUE(std::ranges::is_sorted(whole));
    const auto none = grey_transfer_table(dark, bright, size, 0);
    EXPECT_FLOAT_EQ(none[200], 200.0F / 255);
}

TEST(Augmentation, TakesImagesOfOnePixelAndOfOneValue) {
    for (const Size tiny : {Size{1, 1}, Size{2, 9}, Size{40, 40}}) {
        std::vector<float> image(tiny.count(), 0.3F);
        Draws draws(1);
        augment(image, image, tiny, AugmentationSettings(), draws);
        for (const float value : image) EXPECT_TRUE(value >= 0 && value <= 1);
    }
}

}  // namespace
}  // namespace hilum::training
