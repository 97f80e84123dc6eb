#include "training/data/sampling.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>

namespace hilum::training {
namespace {

using testing::ElementsAre;

const std::vector<std::size_t> four_to_one{0, 0, 1, 0, 0, 1, 0, 0, 0, 0};  // 8 of 0, 2 of 1

std::size_t of_class(const std::vector<std::size_t>& order, std::size_t wanted) {
    return static_cast<std::size_t>(
        std::ranges::count_if(order, [&](std::size_t image) { return four_to_one[image] == wanted; }));
}

TEST(Sampling, ShowsEveryImageOnceWhereNothingIsBalanced) {
    auto order = epoch_order(four_to_one, Balance::none, 1, 0);
    EXPECT_FALSE(std::ranges::is_sorted(order));
    std::ranges::sort(order);
    EXPECT_THAT(order, ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9));
}

TEST(Sampling, OversamplesTheRarerClassInWholeRounds) {
    const auto order = epoch_order(four_to_one, Balance::oversample, 1, 0);
    EXPECT_EQ(of_class(order, 0), 8u);
    EXPECT_EQ(of_class(order, 1), 8u);
    EXPECT_EQ(std::ranges::count(order, 2u), 4);
    EXPECT_EQ(std::ranges::count(order, 5u), 4);
}

TEST(Sampling, UndersamplesTheOtherClassWithOtherImagesInEachEpoch) {
    std::set<std::size_t> seen;
    for (std::uint64_t epoch = 0; epoch < 40; ++epoch) {
        const auto order = epoch_order(four_to_one, Balance::undersample, 1, epoch);
        ASSERT_EQ(of_class(order, 0), 2u);
        ASSERT_EQ(of_class(order, 1), 2u);
        ASSERT_EQ(std::set<std::size_t>(order.begin(), order.end()).size(), 4u);
        seen.insert(order.begin(), order.end());
    }
    EXPECT_EQ(seen.size(), 10u);
}

TEST(Sampling, DependsOnSeedAndEpochAlone) {
    const auto order = epoch_order(four_to_one, Balance::none, 1, 3);
    EXPECT_EQ(order, epoch_order(four_to_one, Balance::none, 1, 3));
    EXPECT_NE(order, epoch_order(four_to_one, Balance::none, 1, 4));
    EXPECT_NE(order, epoch_order(four_to_one, Balance::none, 2, 3));
}

TEST(Sampling, HasNothingToShowOfNothing) {
    EXPECT_TRUE(epoch_order({}, Balance::oversample, 1, 0).empty());
}

TEST(Sampling, CountsAnImageOfSeveralLabelsByTheRarest) {
    const std::vector<std::vector<float>> targets{{1, 1}, {1, 0}, {1, 0}, {0, 0}};
    EXPECT_THAT(sampling_classes(targets), ElementsAre(1, 0, 0, 2));
}

TEST(Sampling, WeighsLabelsInverselyToTheirFrequency) {
    const std::vector<std::vector<float>> targets{{1, 0}, {1, 0}, {1, 0}, {0, 1}};
    EXPECT_THAT(inverse_frequencies(targets), ElementsAre(testing::DoubleEq(4.0 / 6), testing::DoubleEq(2)));
    EXPECT_THAT(inverse_frequencies({{1, 0}, {0, 1}}), ElementsAre(1, 1));
    EXPECT_THAT(inverse_frequencies({{1, 0}}), ElementsAre(0.5, 0));
}

}  // namespace
}  // namespace hilum::training
