#include "phantom/phantom_image.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <stdexcept>

namespace hilum::phantom {
namespace {

Phantom render(std::uint64_t seed, Finding finding, int long_side = 256) {
    return render_phantom({.seed = seed, .finding = finding, .long_side = long_side});
}

bool within(const Lesion& lesion, double column, double row, double margin) {
    return std::hypot((column - lesion.column) / (lesion.half_width * margin),
                      (row - lesion.row) / (lesion.half_height * margin)) <= 1;
}

// The mean absolute difference of two renderings of one chest, near its lesions and far from them.
struct Difference {
    double near = 0, far = 0;
};
Difference difference_of(const Phantom& healthy, const Phantom& ill) {
    double sums[2] = {}, counts[2] = {};
    for (int r = 0; r < ill.rows; ++r) {
        for (int c = 0; c < ill.columns; ++c) {
            const double column = (c + 0.5) / ill.columns, row = (r + 0.5) / ill.rows;
            const auto any = [&](double margin) {
                return std::any_of(ill.lesions.begin(), ill.lesions.end(),
                                   [&](const Lesion& lesion) { return within(lesion, column, row, margin); });
            };
            const bool inside = any(1);
            if (!inside && any(1.8)) continue;  // soft borders
            const auto i = static_cast<std::size_t>(r) * static_cast<std::size_t>(ill.columns) +
                           static_cast<std::size_t>(c);
            sums[inside] += std::abs(double(ill.pixels[i]) - double(healthy.pixels[i]));
            counts[inside] += 1;
        }
    }
    return {sums[1] / std::max(1.0, counts[1]), sums[0] / std::max(1.0, counts[0])};
}

double mean_of(const Phantom& phantom) {
    return std::accumulate(phantom.pixels.begin(), phantom.pixels.end(), 0.0) /
           static_cast<double>(phantom.pixels.size());
}

TEST(RenderPhantom, GivesTheSamePixelsForTheSameSeed) {
    const Phantom first = render_phantom({.seed = 7, .finding = std::nullopt, .long_side = 200});
    const Phantom second = render_phantom({.seed = 7, .finding = std::nullopt, .long_side = 200});
    EXPECT_EQ(first.pixels, second.pixels);
    EXPECT_EQ(first.finding, second.finding);
}

TEST(RenderPhantom, GivesAnotherPictureForEachSeed) {
    const Phantom reference = render(1, Finding::normal);
    for (std::uint64_t seed = 2; seed < 8; ++seed)
        EXPECT_NE(render(seed, Finding::normal).pixels, reference.pixels);
}

TEST(RenderPhantom, ChoosesEveryFindingWhenNoneIsGiven) {
    std::set<Finding> seen;
    for (std::uint64_t seed = 1; seed <= 40; ++seed)
        seen.insert(render_phantom({.seed = seed, .finding = std::nullopt, .long_side = 64}).finding);
    EXPECT_EQ(seen.size(), 3U);
}

TEST(RenderPhantom, UsesTwelveBitsAndMostOfThem) {
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
        const Phantom phantom = render(seed, Finding::normal);
        const auto [low, high] = std::minmax_element(phantom.pixels.begin(), phantom.pixels.end());
        EXPECT_LE(*high, 4095);
        EXPECT_GT(*high - *low, 2500) << "seed " << seed;
    }
}

TEST(RenderPhantom, HasNoLesionsWhereItIsNormal) {
    for (std::uint64_t seed = 1; seed <= 6; ++seed)
        EXPECT_TRUE(render(seed, Finding::normal).lesions.empty());
}

TEST(RenderPhantom, ChangesPixelsWhereItsPneumoniaIs) {
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        const Phantom ill = render(seed, Finding::pneumonia);
        ASSERT_FALSE(ill.lesions.empty());
        for (const auto& lesion : ill.lesions) EXPECT_EQ(lesion.kind, Abnormality::consolidation);
        const Difference difference = difference_of(render(seed, Finding::normal), ill);
        EXPECT_GT(difference.near, 3 * difference.far) << "seed " << seed;
        EXPECT_GT(difference.near, 60) << "seed " << seed;
    }
}

TEST(RenderPhantom, ChangesPixelsWhereItsOtherAbnormalitiesAre) {
    for (std::uint64_t seed = 1; seed <= 24; ++seed) {
        const Phantom ill = render(seed, Finding::further_evaluation);
        ASSERT_FALSE(ill.lesions.empty());
        for (const auto& lesion : ill.lesions) EXPECT_NE(lesion.kind, Abnormality::consolidation);
        const Difference difference = difference_of(render(seed, Finding::normal), ill);
        EXPECT_GT(difference.near, 1.5 * difference.far)
            << "seed " << seed << ", kind " << static_cast<int>(ill.lesions.front().kind);
    }
}

TEST(RenderPhantom, KeepsLesionsOnTheImage) {
    for (std::uint64_t seed = 1; seed <= 24; ++seed)
        for (const Finding finding : {Finding::pneumonia, Finding::further_evaluation})
            for (const auto& lesion : render(seed, finding, 96).lesions) {
                EXPECT_GT(lesion.column, 0);
                EXPECT_LT(lesion.column, 1);
                EXPECT_GT(lesion.row, 0);
                EXPECT_LT(lesion.row, 1);
            }
}

TEST(RenderPhantom, LooksTheSameAtAnyResolution) {
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
        const double small = mean_of(render(seed, Finding::pneumonia, 192));
        const double large = mean_of(render(seed, Finding::pneumonia, 768));
        EXPECT_NEAR(small, large, 60) << "seed " << seed;
    }
}

TEST(RenderPhantom, DescribesAnAdult) {
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        const Phantom phantom = render(seed, Finding::normal, 64);
        EXPECT_GE(phantom.age_years, 18);
        EXPECT_LE(phantom.age_years, 94);
    }
}

TEST(RenderPhantom, RefusesSizesOutOfRange) {
    EXPECT_THROW(render(1, Finding::normal, 63), std::invalid_argument);
    EXPECT_THROW(render(1, Finding::normal, 4097), std::invalid_argument);
}

}  // namespace
}  // namespace hilum::phantom
